//! What long searches found, each under the name of its rule. A seed means another schedule once the generator changes, so
//! that those that were mistakes of sindri are written out by hand in `tests/faults`, too.

use crate::sabotage::Sabotage;
use crate::schedule::run;

#[test]
fn a_pod_that_moves_while_it_is_being_replaced_is_no_orphan() {
    for seed in [0, 0] {
        run(seed, Sabotage::None);
    }
}

#[test]
fn of_two_volumes_that_look_alike_none_is_taken_unasked() {
    for seed in [310, 397, 633, 1296, 2696, 5943] {
        run(seed, Sabotage::None);
    }
}

#[test]
fn a_volume_that_somebody_else_took_over_is_theirs_to_name() {
    run(27_176, Sabotage::None);
}
