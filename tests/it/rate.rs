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
        // The server's clock has milliseconds and a busy machine delivers late: one request of slack.
        let seen = busiest_second(&server);
        assert!(seen <= asked + burst + 1, "{rate}: {seen} in one second");
        assert_eq!(server.partners().len(), rows);
    }
}
