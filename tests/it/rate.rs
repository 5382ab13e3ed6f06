use crate::support::{Server, Workdir};

/// The most requests that the server saw in any second.
fn busiest_second(server: &Server) -> usize {
    let times: Vec<i64> = server
        .requests()
        .iter()
        .map(|r| r["at"].as_i64().unwrap())
        .collect();
    times
        .iter()
        .map(|start| {
            times
                .iter()
                .filter(|t| (*start..start + 1000).contains(t))
                .count()
        })
        .max()
        .unwrap_or(0)
}

#[test]
fn the_server_never_sees_more_than_was_asked_for() {
    for (rate, burst, rows) in [("20/s", None, 60), ("100/s", Some("10"), 250)] {
        let dir = Workdir::new();
        let server = Server::start(&dir, &["--latency", "2ms"]);
        dir.simple_export(rows);
        let mut arguments = vec![
            "import",
            "e.csv",
            "-m",
            "m.toml",
            "--workers",
            "16",
            "--rate",
            rate,
        ];
        arguments.extend(burst.iter().flat_map(|b| ["--burst", b]));
        dir.run(&arguments).at(&server).finish().expect_exit(0);
        let asked: usize = rate.trim_end_matches("/s").parse().unwrap();
        let burst: usize = burst.map_or(1, |b| b.parse().unwrap());
        // Permits are exact; a busy machine delivers some of them late and so closer together, for which a
        // tenth is allowed. Over the whole run nothing is.
        let seen = busiest_second(&server);
        assert!(
            seen <= asked + burst + 1 + asked / 10,
            "{rate}: {seen} in one second"
        );
        let times: Vec<i64> = server
            .requests()
            .iter()
            .map(|r| r["at"].as_i64().unwrap())
            .collect();
        let span = times.iter().max().unwrap() - times.iter().min().unwrap();
        let allowed = asked as f64 * (span as f64 / 1000.0) + burst as f64 + 1.0;
        assert!(
            times.len() as f64 <= allowed,
            "{rate}: {} requests in {span} ms",
            times.len()
        );
        assert_eq!(server.partners().len(), rows);
    }
}
