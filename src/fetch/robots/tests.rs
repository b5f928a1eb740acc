//! Tests of the parser and of the choice among rules.

use std::fmt::Write;
use std::time::Instant;

use proptest::prelude::*;

use super::*;

fn allowed(robots: &str, agent: &str, target: &str) -> bool {
    Robots::parse(robots.as_bytes()).decide(agent, target).allowed
}

#[test]
fn the_longest_rule_wins_and_allow_wins_ties() {
    let robots = "user-agent: *\ndisallow: /a\nallow: /a/b\ndisallow: /a/b/c$\ndisallow: /tie\nallow: /tie\n";
    for (target, expected) in [
        ("/", true),
        ("/a", false),
        ("/a/x", false),
        ("/a/b", true),
        ("/a/b/c", false),
        ("/a/b/cd", true),
        ("/tie", true),
    ] {
        assert_eq!(allowed(robots, "caveat", target), expected, "{target}");
    }
}

#[test]
fn the_deciding_line_is_named() {
    let robots = Robots::parse(b"# hello\r\nUser-agent: *\r\n\r\nDisallow: /cart # never\r\nAllow: /\r\n");
    assert_eq!(
        robots.decide("caveat", "/cart/1"),
        Decision { allowed: false, line: Some(4), rule: Some("disallow: /cart".into()) }
    );
    assert_eq!(robots.decide("caveat", "/x").line, Some(5));
    assert_eq!(Robots::default().decide("caveat", "/x"), Decision { allowed: true, line: None, rule: None });
}

#[test]
fn groups_are_chosen_and_merged() {
    let robots = "\
user-agent: other
disallow: /
user-agent: Caveat/2.1 (crawler)
user-agent: friend
disallow: /one
sitemap: https://shop.example/map.xml
disallow: /two
user-agent: *
disallow: /everyone
user-agent: CAVEAT
disallow: /three
";
    for (target, expected) in
        [("/one", false), ("/two", false), ("/three", false), ("/everyone", true), ("/", true)]
    {
        assert_eq!(allowed(robots, "caveat", target), expected, "{target}");
    }
    assert!(allowed(robots, "friend", "/three"));
    assert!(!allowed(robots, "stranger", "/everyone"));
    assert!(allowed(robots, "caveatbot", "/one"), "a longer token is another crawler");
    assert_eq!(Robots::parse(robots.as_bytes()).sitemaps(), ["https://shop.example/map.xml"]);
}

#[test]
fn a_group_without_rules_allows_everything() {
    assert!(allowed("user-agent: *\ndisallow: /\n\nuser-agent: caveat\ndisallow:\n", "caveat", "/x"));
    assert!(allowed("user-agent: *\ndisallow: /\n\nuser-agent: caveat\n", "caveat", "/x"));
}

#[test]
fn what_is_no_rule_is_passed_over() {
    for robots in [
        "",
        "disallow: /\n",
        "<!DOCTYPE html><html><head><title>Disallow: /</title></head>\n<body>user-agent: *</body>",
        "user-agent:\ndisallow: /\n",
        "user-agent: *extra\ndisallow: /\n",
        "\0\0\0",
    ] {
        assert!(allowed(robots, "caveat", "/x"), "{robots:?}");
    }
}

#[test]
fn line_ends_marks_and_spaces_do_not_matter() {
    for robots in [
        "user-agent: *\rdisallow: /x\r",
        "user-agent: *\r\ndisallow: /x",
        "\u{feff}user-agent: *\ndisallow: /x\n",
        "  USER-AGENT  :   *  \n\t DisAllow\t:\t/x   # why\n",
        "user-agent *\ndisallow /x\n",
        "useragent: *\ndisalow: /x\n",
    ] {
        assert!(!allowed(robots, "caveat", "/x/y"), "{robots:?}");
        assert!(allowed(robots, "caveat", "/y"), "{robots:?}");
    }
    let partial = [&[0xef, 0xbb][..], b"user-agent: *\ndisallow: /\n"].concat();
    assert!(!Robots::parse(&partial).decide("caveat", "/").allowed);
}

#[test]
fn crawl_delays() {
    let delay = |text: &str| {
        Robots::parse(format!("user-agent: *\ncrawl-delay: {text}\n").as_bytes()).crawl_delay("caveat")
    };
    for (text, expected) in [
        ("10", Some(10.0)),
        ("0.5", Some(0.5)),
        ("0,5", Some(0.5)),
        ("5 seconds", Some(5.0)),
        ("1e9", Some(1e9)),
        ("inf", Some(f64::INFINITY)),
        ("0", Some(0.0)),
        ("-1", None),
        ("nan", None),
        ("soon", None),
        ("", None),
    ] {
        assert_eq!(delay(text), expected, "{text}");
    }
    let robots = Robots::parse(b"user-agent: *\ncrawl-delay: 3\nuser-agent: caveat\ndisallow: /x\n");
    assert_eq!(robots.crawl_delay("caveat"), Some(3.0), "no rule stood between the two user agents");
    let robots =
        Robots::parse(b"user-agent: *\ncrawl-delay: 3\ndisallow: /x\nuser-agent: caveat\ndisallow: /x\n");
    assert_eq!((robots.crawl_delay("caveat"), robots.crawl_delay("other")), (None, Some(3.0)));
}

#[test]
fn an_allowed_index_page_allows_its_folder() {
    let robots = "user-agent: *\nallow: /shop/index.html\ndisallow: /\n";
    assert!(allowed(robots, "caveat", "/shop/"));
    assert!(allowed(robots, "caveat", "/shop/index.html"));
    assert!(!allowed(robots, "caveat", "/shop/x"));
}

#[test]
fn only_the_first_500_kibibytes_count() {
    let mut robots = "user-agent: *\n".to_owned();
    robots.push_str(&"#".repeat(MAX_BYTES));
    robots.push_str("\ndisallow: /\n");
    assert!(allowed(&robots, "caveat", "/"));
}

#[test]
fn a_rule_that_is_cut_at_the_cap_is_dropped() {
    let mut robots = "user-agent: *\ndisallow: /kept\n".to_owned();
    let rule = "disallow: /private/folder\n";
    robots.push_str(&"#".repeat(MAX_BYTES - robots.len() - "\ndisallow: /".len()));
    robots.push('\n');
    robots.push_str(rule);
    assert!(allowed(&robots, "caveat", "/shop"), "not read as: disallow: /");
    assert!(!allowed(&robots, "caveat", "/kept"));
}

#[test]
fn hostile_wildcards_cost_linear_time() {
    // Each would take a backtracking matcher longer than the age of the universe.
    let target = format!("/{}", "a".repeat(8000));
    let mut many = "user-agent: *\n".to_owned();
    while many.len() < MAX_BYTES {
        writeln!(many, "disallow: /*a*a*a*a*a*a*a*a*a*b").unwrap();
    }
    let one = format!("user-agent: *\ndisallow: /{}b\n", "*a".repeat(200_000));
    let long = format!("user-agent: *\ndisallow: /*{}b\n", "a".repeat(4000));
    for robots in [many, one, long] {
        let started = Instant::now();
        assert!(allowed(&robots, "caveat", &target));
        // Generous: unoptimised builds on a busy machine.
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    }
}

proptest! {
    #[test]
    fn no_file_panics(bytes in prop::collection::vec(any::<u8>(), 0..400), target in ".{0,40}") {
        let robots = Robots::parse(&bytes);
        robots.decide("caveat", &target);
        robots.crawl_delay("caveat");
    }

    #[test]
    fn almost_robots_files_keep_their_promises(
        lines in prop::collection::vec("(user-agent|allow|disallow|crawl-delay|sitemap|x)[:]? ?[*/a-c$%#]{0,6}", 0..20),
        target in "/[a-c/]{0,6}",
    ) {
        let decision = Robots::parse(lines.join("\n").as_bytes()).decide("caveat", &target);
        prop_assert_eq!(decision.line.is_some(), decision.rule.is_some());
        prop_assert!(decision.allowed || decision.line.is_some_and(|line| line <= lines.len()));
    }
}

#[test]
fn many_agents_times_many_rules_cost_no_more_than_the_file() {
    let mut robots = String::new();
    for number in 0..15_000 {
        let token: String =
            format!("{number:05}").bytes().map(|digit| char::from(digit - b'0' + b'a')).collect();
        writeln!(robots, "user-agent:{token}").unwrap();
    }
    while robots.len() < MAX_BYTES {
        robots.push_str("disallow:/x\n");
    }
    let robots = Robots::parse(robots.as_bytes());
    assert_eq!(robots.groups.len(), 1);
    assert!(!robots.decide("aaaab", "/x").allowed);
}

#[test]
fn targets_are_taken_from_urls() {
    for (url, parsed, written) in [
        ("http://a.example", "/", "/"),
        ("http://a.example/x?y=ü#z", "/x?y=%C3%BC", "/x?y=ü"),
        ("http://a.example?q", "/?q", "/?q"),
        ("http://a.example/a/../b", "/b", "/a/../b"),
        ("http://a.example/#", "/", "/"),
    ] {
        assert_eq!(target(&Url::parse(url).unwrap()), parsed, "{url}");
        assert_eq!(target_as_written(url), written, "{url}");
    }
    assert_eq!(target_as_written(""), "/");
    assert_eq!(target_as_written("/path?x"), "/path?x");
}

#[test]
fn x_robots_tags() {
    for (value, expected) in [
        ("nofollow", true),
        ("noindex, NoFollow", true),
        ("none", true),
        ("noindex", false),
        ("", false),
        ("caveat: nofollow", true),
        ("otherbot: nofollow", false),
        ("otherbot: noindex, nofollow", false),
        ("otherbot: nofollow, Caveat: noindex, nofollow", true),
        ("unavailable_after: 25 Jun 2030 15:00:00 PST", false),
        ("max-snippet: 20, nofollow", true),
    ] {
        assert_eq!(forbids_links(value, "caveat"), expected, "{value}");
    }
}
