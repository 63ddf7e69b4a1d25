//! The workers of endpoints over time: scaling, rollouts, stock and money.

use super::endpoints::endpoint;
use super::*;
use crate::emulator::state::stock::CapacityRule;

impl Bench {
    /// Workers running, idle, initializing and throttled.
    fn workers(&mut self, id: &str) -> [u64; 4] {
        let (status, body) = self.send(v2("listEndpointWorkers").id(id));
        assert_eq!(status, 200, "{body}");
        ["running", "idle", "initializing", "throttled"].map(|name| body["summary"][name].as_u64().expect("a count"))
    }

    /// Workers on the latest version, all workers, and the percentage.
    fn rollout(&mut self, id: &str) -> (u64, u64, u64) {
        let (_, body) = self.send(v2("listEndpointReleases").id(id));
        let rollout = &body["rollout"];
        let number = |name: &str| rollout[name].as_u64().expect("a number");
        let (latest, total) = (number("workersOnLatest"), number("workersTotal"));
        assert_eq!(rollout["inProgress"], latest < total);
        (latest, total, number("percentOnLatest"))
    }

    fn hourly(&self) -> f64 {
        self.world.account(self.now).hourly
    }
}

fn with_workers(workers: Value) -> Value {
    with(endpoint(), "workers", workers)
}

#[test]
fn an_endpoint_keeps_its_minimum_of_workers_and_pays_for_them() {
    let mut bench = Bench::observed();
    let id = bench.create_endpoint(with_workers(json!({ "min": 2, "max": 4 })));
    assert_eq!(bench.workers(&id), [0, 0, 2, 0]);
    bench.pass(60_000);
    assert_eq!(bench.workers(&id), [0, 2, 0, 0]);
    let (_, gpu) = bench.send(v2("getGpuType").id(GPU));
    let price = gpu["price"]["serverless"].as_f64().expect("a price");
    assert_eq!(bench.hourly(), 2.0 * price, "the floor is the minimum times the price");
    bench.patch_endpoint(&id, json!({ "workers": { "min": 0 } }));
    bench.pass(60_000);
    assert_eq!((bench.workers(&id), bench.hourly()), ([0, 0, 0, 0], 0.0));
    bench.patch_endpoint(&id, json!({ "workers": { "min": 1 }, "gpu": { "count": 2 } }));
    assert_eq!(bench.hourly(), 2.0 * price, "two GPUs per worker");
    assert_eq!(bench.send(v2("deleteEndpoint").id(&id)).0, 204);
    assert_eq!(bench.hourly(), 0.0);
    assert!(bench.world.endpoint_steps.is_empty());
}

#[test]
fn a_queue_gets_workers_while_jobs_wait_too_long_and_loses_them_when_they_are_idle() {
    let mut bench = Bench::observed();
    let id = bench.create_endpoint(with_workers(json!({ "max": 2, "idleTimeout": 5 })));
    bench.pass(60_000);
    assert_eq!(bench.workers(&id), [0, 0, 0, 0], "no worker without a job");
    bench.jobs(&id, 5, 30);
    assert_eq!(bench.workers(&id), [0, 0, 1, 0], "a cold start");
    bench.pass(3000);
    assert_eq!(bench.workers(&id), [1, 0, 0, 0]);
    bench.pass(7000);
    assert_eq!(bench.workers(&id), [2, 0, 0, 0], "a job waited for more than four seconds");
    bench.pass(84_000);
    assert_eq!(bench.workers(&id), [0, 1, 0, 0], "the last job ended less than five seconds ago");
    bench.pass(10_000);
    assert_eq!((bench.workers(&id), bench.hourly()), ([0, 0, 0, 0], 0.0));
    let done = bench.world.endpoints.objects.get(&id).expect("an endpoint").finished;
    assert_eq!((done.completed, done.failed), (5, 0));
}

#[test]
fn the_queue_of_an_endpoint_shows_its_jobs_takes_new_ones_and_can_be_emptied() {
    let mut bench = Bench::observed();
    let id = bench.create_endpoint(with_workers(json!({ "max": 1 })));
    let count = |bench: &mut Bench| {
        let (status, health) = bench.send(v2("getEndpointHealth").id(&id));
        assert_eq!(status, 200, "{health}");
        ["inQueue", "inProgress", "completed"].map(|name| health["jobs"][name].as_u64().expect("a number"))
    };
    for _ in 0..3 {
        assert_eq!(bench.send(v2("runJob").id(&id).body(json!({ "input": {} }))).1["status"], "IN_QUEUE");
    }
    assert_eq!(count(&mut bench), [3, 0, 0]);
    bench.pass(5000);
    assert_eq!(count(&mut bench), [2, 1, 0]);
    assert_eq!(bench.send(v2("purgeQueue").id(&id)).1["removed"], 2);
    assert_eq!(count(&mut bench), [0, 1, 0], "the running job continues");
    bench.pass(10_000);
    assert_eq!(count(&mut bench), [0, 0, 1]);
    bench.jobs(&id, 2, 60);
    assert_eq!(bench.send(v2("deleteEndpoint").id(&id)).0, 204, "all jobs are cancelled");
    assert_eq!(bench.send(v2("getEndpointHealth").id(&id)).0, 404);
    let scaling = json!({ "type": "REQUEST_COUNT", "requestCount": 2 });
    let body = with(with(endpoint(), "type", json!("LOAD_BALANCER")), "scaling", scaling);
    let id = bench.create_endpoint(body);
    assert_eq!(bench.send(v2("runJob").id(&id)).0, 404, "a load balancer has no queue");
}

#[test]
fn a_load_balancer_has_workers_for_its_requests() {
    let scaling = json!({ "type": "REQUEST_COUNT", "requestCount": 2 });
    let body = with(with(endpoint(), "type", json!("LOAD_BALANCER")), "scaling", scaling);
    let mut bench = Bench::observed();
    let id = bench.create_endpoint(body);
    bench.jobs(&id, 5, 60);
    bench.pass(3000);
    assert_eq!(bench.workers(&id), [3, 0, 0, 0]);
}

#[test]
fn a_job_that_takes_longer_than_the_timeout_fails() {
    let mut bench = Bench::observed();
    let id = bench.create_endpoint(with(endpoint(), "timeout", json!(20_000)));
    bench.jobs(&id, 1, 60);
    bench.pass(30_000);
    assert_eq!(bench.workers(&id)[0], 0);
    let done = bench.world.endpoints.objects.get(&id).expect("an endpoint").finished;
    assert_eq!((done.completed, done.failed), (0, 1));
}

#[test]
fn a_release_replaces_idle_workers_at_once_and_busy_ones_after_their_job() {
    let mut bench = Bench::observed();
    let id = bench.create_endpoint(with_workers(json!({ "min": 3, "max": 3 })));
    bench.pass(5000);
    bench.jobs(&id, 1, 60);
    bench.patch_endpoint(&id, json!({ "image": "i:2" }));
    assert_eq!((bench.rollout(&id), bench.workers(&id)), ((3, 4, 75), [1, 0, 3, 0]));
    let (_, body) = bench.send(v2("listEndpointWorkers").id(&id));
    let stale: Vec<&Value> =
        body["workers"].as_array().expect("workers").iter().filter(|it| it["isStale"] == true).collect();
    assert_eq!((stale.len(), &stale[0]["image"], &stale[0]["version"]), (1, &json!("i:1"), &json!(1)));
    bench.pass(61_000);
    assert_eq!((bench.rollout(&id), bench.workers(&id)), ((3, 3, 100), [0, 3, 0, 0]));
    let done = bench.world.endpoints.objects.get(&id).expect("an endpoint").finished;
    assert_eq!(done.completed, 1, "nothing is lost");
}

#[test]
fn a_rollout_in_steps_replaces_one_worker_after_another() {
    let mut bench = Bench::new(Settings { rollout_seconds_per_worker: 10, ..Settings::default() });
    let id = bench.create_endpoint(with_workers(json!({ "min": 3, "max": 3 })));
    bench.pass(60_000);
    bench.patch_endpoint(&id, json!({ "env": { "A": "b" } }));
    let progress: Vec<_> = (0..4)
        .map(|_| {
            let now = bench.rollout(&id);
            bench.pass(10_000);
            now
        })
        .collect();
    assert_eq!(progress, [(1, 3, 33), (2, 3, 67), (3, 3, 100), (3, 3, 100)]);
}

#[test]
fn only_settings_that_workers_run_make_a_release() {
    let mut bench = Bench::observed();
    let id = bench.create_endpoint(with_workers(json!({ "min": 1, "max": 3 })));
    let version = |bench: &mut Bench| bench.send(v2("listEndpointReleases").id(&id)).1["endpointVersion"].clone();
    for body in [
        json!({ "name": "other" }),
        json!({ "workers": { "max": 4, "idleTimeout": 20 } }),
        json!({ "scaling": { "type": "QUEUE_DELAY", "queueDelay": 8 } }),
        json!({ "timeout": 1000 }),
        json!({ "flashboot": "FLASHBOOT" }),
        json!({ "image": "i:1" }),
        json!({}),
    ] {
        bench.patch_endpoint(&id, body.clone());
        assert_eq!(version(&mut bench), 1, "{body}");
    }
    let volume = bench.create_volume("US-CA-2");
    for (number, body) in [
        json!({ "image": "i:2" }),
        json!({ "env": { "A": "b" } }),
        json!({ "args": "x" }),
        json!({ "disk": 30 }),
        json!({ "ports": ["80/http"] }),
        json!({ "gpu": { "pools": ["AMPERE_24"] } }),
        json!({ "gpu": { "count": 2 } }),
        json!({ "gpu": { "minCudaVersion": "12.1" } }),
        json!({ "dataCenterIds": ["US-CA-2"] }),
        json!({ "networkVolumes": [volume] }),
    ]
    .into_iter()
    .enumerate()
    {
        bench.patch_endpoint(&id, body.clone());
        assert_eq!(version(&mut bench), number + 2, "{body}");
    }
}

#[test]
fn a_worker_without_stock_is_throttled_until_there_is_some() {
    let rule = |free| vec![CapacityRule { gpu: "*".into(), data_center: "*".into(), free }];
    let mut bench = Bench::observed();
    bench.world.set_capacity(rule(1));
    let id = bench.create_endpoint(with_workers(json!({ "min": 2, "max": 2 })));
    bench.pass(5000);
    assert_eq!(bench.workers(&id), [0, 1, 0, 1]);
    assert_eq!(bench.send(v2("createPod").body(pod("p"))).0, 400, "the worker has the last GPU");
    bench.world.set_capacity(rule(1));
    bench.pass(70_000);
    assert_eq!(bench.workers(&id), [0, 2, 0, 0]);
    assert_eq!(bench.send(v2("deleteEndpoint").id(&id)).0, 204);
    assert_eq!((bench.world.stock.rules[0].free, bench.world.stock.assigned()), (2, 0), "nothing leaks");
}

#[test]
fn the_second_pool_is_used_only_with_five_workers() {
    let taken = vec![CapacityRule { gpu: GPU.into(), data_center: "*".into(), free: 0 }];
    for (max, expected) in [(4, [0, 0, 0, 1]), (5, [0, 1, 0, 0])] {
        let mut bench = Bench::observed();
        bench.world.set_capacity(taken.clone());
        let body =
            with(with_workers(json!({ "min": 1, "max": max })), "gpu", json!({ "pools": ["ADA_24", "AMPERE_24"] }));
        let id = bench.create_endpoint(body);
        bench.pass(5000);
        assert_eq!(bench.workers(&id), expected, "{max}");
    }
}

#[test]
fn a_hidden_standby_worker_bills_with_a_minimum_of_0() {
    let mut bench = Bench::new(Settings { hidden_standby_workers: 1, ..Settings::default() });
    let id = bench.create_endpoint(endpoint());
    bench.pass(60_000);
    let shown = bench.endpoint(&id);
    assert_eq!((&shown["workers"]["min"], bench.workers(&id)), (&json!(0), [0, 1, 0, 0]));
    assert!(bench.hourly() > 0.0 && !shown.to_string().contains("tandby"));
}

#[test]
fn a_worker_whose_container_cannot_run_is_unhealthy() {
    let mut bench = Bench::observed();
    let id = bench.create_endpoint(with(with_workers(json!({ "min": 1 })), "image", json!("emulator/fail")));
    bench.pass(60_000);
    let (_, body) = bench.send(v2("listEndpointWorkers").id(&id));
    assert_eq!(body["workers"][0]["status"], "UNHEALTHY");
}

#[test]
fn an_empty_balance_ends_all_workers_and_a_new_one_starts_them() {
    let mut bench = Bench::observed();
    let id = bench.create_endpoint(with_workers(json!({ "min": 2 })));
    bench.pass(5000);
    bench.world.set_account(Some(0.001), None, bench.now);
    bench.pass(3_600_000);
    assert_eq!((bench.workers(&id), bench.hourly()), ([0, 0, 0, 0], 0.0));
    bench.world.set_account(Some(100.0), None, bench.now);
    bench.pass(5000);
    assert_eq!(bench.workers(&id), [0, 2, 0, 0]);
}

#[test]
fn workers_wait_for_a_new_registry_credential() {
    let mut bench = Bench::new(Settings { registry_lag_seconds: Some(300), ..Settings::default() });
    let (_, key) = bench.send(v2("createRegistry").body(json!({ "name": "k", "username": "u", "password": "p" })));
    let id = bench.create_endpoint(with(with_workers(json!({ "min": 1 })), "registry", key["id"].clone()));
    bench.pass(299_000);
    assert_eq!(bench.workers(&id), [0, 0, 1, 0]);
    bench.pass(10_000);
    assert_eq!(bench.workers(&id), [0, 1, 0, 0]);
}
