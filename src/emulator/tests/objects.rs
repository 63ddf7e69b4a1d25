//! Objects of kinds without a type of their own.

use serde_json::{Map, Value, json};

use super::*;
use crate::emulator::rules::refusal::RequestRefusal;

fn named(name: &str) -> Map<String, Value> {
    Map::from_iter([("name".to_owned(), json!(name))])
}

impl Bench {
    fn make(&mut self, name: &str, tweaks: &Tweaks) -> Result<String, RequestRefusal> {
        self.world.create_object("shelf", named(name), tweaks, self.now).map(|object| object.id().to_owned())
    }

    /// The names that a list shows.
    fn names(&self, tweaks: &Tweaks) -> Vec<String> {
        let listed = self.world.listed_objects("shelf", tweaks, self.now);
        listed.into_iter().map(|object| object.view()["name"].as_str().expect("a name").to_owned()).collect()
    }
}

#[test]
fn an_object_is_created_changed_listed_and_deleted() {
    let mut bench = Bench::observed();
    let none = Tweaks::default();
    assert!(bench.world.find_object("shelf", "x", bench.now).is_err());
    assert_eq!(bench.names(&none), Vec::<String>::new());
    let (old, new) = (bench.make("old", &none).expect("created"), bench.make("new", &none).expect("created"));
    assert_eq!((bench.names(&none), bench.world.object_name(&old)), (vec!["new".into(), "old".into()], Some("old")));
    let changed = bench.world.change_object("shelf", &old, named("first"), &none, bench.now).expect("changed");
    assert_eq!(changed.view(), json!({ "id": old, "name": "first" }));
    assert!(bench.world.find_object("rack", &old, bench.now).is_err(), "another kind");
    bench.world.delete_object("shelf", &new, &none, bench.now).expect("deleted");
    assert_eq!(bench.names(&none), ["first"]);
    assert_eq!(bench.world.delete_object("shelf", &new, &none, bench.now), Err(RequestRefusal::NotFound));
    assert_eq!(bench.world.touched, [old.clone(), new.clone(), old, new]);
}

#[test]
fn faults_that_fit_any_kind_apply_to_objects() {
    let mut bench = Bench::observed();
    let none = Tweaks::default();
    let lag = Tweaks { not_found_after_create_seconds: Some(8), appear_lag_seconds: Some(20), ..Tweaks::default() };
    let late = bench.make("late", &lag).expect("created");
    assert!(bench.world.find_object("shelf", &late, bench.now).is_err());
    bench.pass(8000);
    assert!(bench.world.find_object("shelf", &late, bench.now).is_ok() && bench.names(&none).is_empty());
    bench.pass(12_000);
    assert_eq!(bench.names(&none), ["late"]);

    let full = Tweaks { no_capacity: true, ..Tweaks::default() };
    let ghost = Tweaks { ghost: true, ..Tweaks::default() };
    let twin = Tweaks { duplicate_name: true, ..Tweaks::default() };
    assert_eq!(bench.make("full", &full), Err(RequestRefusal::NoCapacity));
    assert_eq!(bench.make("ghost", &ghost), Err(RequestRefusal::NoCapacity));
    bench.make("twin", &twin).expect("created");
    assert_eq!(bench.names(&none), ["twin", "twin", "ghost", "late"]);

    let drops = Tweaks { patch_drops_field: Some("name".into()), ..Tweaks::default() };
    let kept = bench.world.change_object("shelf", &late, named("other"), &drops, bench.now).expect("accepted");
    assert_eq!(kept.view()["name"], "late");
    let ignored = Tweaks { delete_ignored: true, ..Tweaks::default() };
    bench.world.delete_object("shelf", &late, &ignored, bench.now).expect("accepted");
    assert_eq!(bench.names(&none).len(), 4);
    let lag = Tweaks { disappear_lag_seconds: Some(30), ..Tweaks::default() };
    bench.world.delete_object("shelf", &late, &lag, bench.now).expect("deleted");
    assert_eq!(bench.names(&none).len(), 4, "still listed");
    bench.pass(30_000);
    assert_eq!(bench.names(&none), ["twin", "twin", "ghost"]);
}

#[test]
fn only_a_world_with_such_objects_saves_them() {
    let mut bench = Bench::observed();
    assert!(!bench.saved().contains("otherKinds"));
    let id = bench.make("a", &Tweaks::default()).expect("created");
    let mut again: World = serde_json::from_str(&bench.saved()).expect("a world");
    assert_eq!(again.find_object("shelf", &id, bench.now).expect("saved").view(), json!({ "id": id, "name": "a" }));
    let next = again.create_object("shelf", named("b"), &Tweaks::default(), bench.now).expect("created");
    assert_ne!(next.id(), id);
}
