//! Every fault on record, and its result for the user: one test per effect of the emulator's fault list, through
//! client, planner and engine, in virtual time. `tests/simulation` covers random mixtures of them.

mod support;

mod faults {
    mod drift;
    mod feasible;
    mod journal;
    mod lies;
    mod lost;
    mod moved;
    mod noise;
    mod older;
    mod others;
    mod partial;
    mod refused;
    mod scenarios;
    mod unready;
}
