//! Matching: what rules find in listings, and what they leave alone.

use std::collections::BTreeMap;

use caveat::finding::{Hit, Severity};
use caveat::listing::{Listing, Price, Seller};
use caveat::matcher::Matcher;
use caveat::rules::model::{
    Attribute, Bound, Comparison, Condition, Exception, Field, Fold, NumberFilter, Pattern, Rates, Rule,
    RuleSet, Status,
};
use caveat::rules::taxonomy::{Class, Taxonomy};

pub(crate) fn pattern(name: &str, terms: &[&str]) -> Pattern {
    Pattern {
        name: name.to_owned(),
        terms: terms.iter().map(|term| (*term).to_owned()).collect(),
        stems: Vec::new(),
        regexes: Vec::new(),
        number: None,
        fields: vec![Field::Title, Field::Description, Field::Attributes],
        attributes: Vec::new(),
        bound: Bound::Auto,
        fold: Fold::Standard,
    }
}

fn evasive(name: &str, terms: &[&str]) -> Pattern {
    Pattern { fold: Fold::Evasive, ..pattern(name, terms) }
}

fn regex(name: &str, regex: &str) -> Pattern {
    Pattern { regexes: vec![regex.to_owned()], ..pattern(name, &[]) }
}

pub(crate) fn rule(id: &str, patterns: Vec<Pattern>, when: Condition) -> Rule {
    Rule {
        id: id.to_owned(),
        title: id.to_owned(),
        status: Status::Trial,
        class: "medicine.erectile".to_owned(),
        pack: "test".to_owned(),
        langs: Vec::new(),
        markets: Vec::new(),
        patterns,
        when,
        exceptions: Vec::new(),
        bar_precision: None,
        tests: Vec::new(),
    }
}

pub(crate) fn set(rules: Vec<Rule>) -> RuleSet {
    let class = Class {
        title: BTreeMap::new(),
        check: BTreeMap::new(),
        severity: Severity::High,
        authority: "medicines".to_owned(),
        legal_basis: Vec::new(),
        notices: Vec::new(),
    };
    let classes = BTreeMap::from([("medicine.erectile".to_owned(), class)]);
    let per_euro = BTreeMap::from([("USD".to_owned(), "1.25".parse().unwrap())]);
    let rates = Rates { date: "2026-11-24".to_owned(), per_euro };
    RuleSet { rules, taxonomy: Taxonomy { classes }, rates }
}

pub(crate) fn titled(title: &str) -> Listing {
    Listing { title: title.to_owned(), ..Listing::default() }
}

fn hits(rule: &Rule, listing: &Listing) -> Vec<Hit> {
    let (matcher, errors) = Matcher::compile(&set(vec![rule.clone()]));
    assert!(errors.is_empty(), "{errors:?}");
    matcher.hits(listing, None)
}

fn holds(rule: &Rule, listing: &Listing) -> bool {
    !hits(rule, listing).is_empty()
}

/// `pattern:field:text:view:tricks` of every match of the only rule.
fn matches(rule: &Rule, listing: &Listing) -> Vec<String> {
    hits(rule, listing)
        .iter()
        .flat_map(|hit| &hit.matches)
        .map(|found| {
            format!(
                "{}:{}:{}:{}:{}",
                found.pattern,
                found.field,
                found.text,
                found.view,
                found.tricks.join("+")
            )
        })
        .collect()
}

fn marked(pattern: Pattern, title: &str) -> Vec<String> {
    let rule = rule("t", vec![pattern], Condition::Pattern(0));
    hits(&rule, &titled(title)).iter().flat_map(|hit| &hit.matches).map(|found| found.text.clone()).collect()
}

#[test]
fn the_rule_of_the_design() {
    let mut offer = rule(
        "med.pde5-offer",
        vec![
            evasive("drug", &["viagra", "sildenafil", "cialis"]),
            pattern("no_rx", &["no prescription", "ohne rezept"]),
            regex("dose", r"\b\d{2,3}\s?mg\b"),
        ],
        Condition::And(vec![
            Condition::Pattern(0),
            Condition::Or(vec![
                Condition::Pattern(1),
                Condition::Pattern(2),
                Condition::PriceEur { comparison: Comparison::Less, value: 60.into() },
            ]),
        ]),
    );
    let mut printed = pattern("printed_matter", &["book", "poster"]);
    printed.fields = vec![Field::Title, Field::Category];
    offer.exceptions =
        vec![Exception { pattern: printed, unless: vec![1], why: "printed matter".to_owned(), until: None }];

    assert_eq!(
        matches(&offer, &titled("V і a g r a 100mg")),
        ["drug:title:V і a g r a:squeezed:look-alike+spacing", "dose:title:100mg:standard:"]
    );
    assert!(!holds(&offer, &titled("Viagra information")), "neither dose nor price");
    let cheap =
        Price { amount: "70".parse().unwrap(), currency: Some("USD".to_owned()), regular: None, max: None };
    let mut book = titled("Viagra: a history (book)");
    book.price = Some(cheap);
    let hit = hits(&offer, &book).remove(0);
    assert_eq!(hit.suppressed_by.as_deref(), Some("printed_matter"));
    assert_eq!(hit.severity, Severity::High);
    assert!(hit.matches.iter().any(|found| found.pattern == "printed_matter" && found.text == "book"));
    book.title.push_str(", no  prescription");
    assert_eq!(hits(&offer, &book).remove(0).suppressed_by, None, "unless");
    book.price.as_mut().unwrap().currency = None;
    book.title = "Viagra".to_owned();
    assert!(!holds(&offer, &book), "a price without a currency is absent");
}

#[test]
fn boundaries() {
    let with = |bound, term: &str, title: &str| {
        let pattern = Pattern { bound, ..pattern("p", &[term]) };
        !marked(pattern, title).is_empty()
    };
    let cases = [
        (Bound::Word, "cialis", "specialist", false),
        (Bound::Word, "cialis", "Cialis.", true),
        (Bound::Word, "cialis", "cialis_20", true),
        (Bound::Word, "cialis", "cialis20", false),
        (Bound::Word, "cialis", "cialis药", false),
        (Bound::Auto, "cialis", "买cialis药", true),
        (Bound::Auto, "cialis", "specialis", false),
        (Bound::Start, "cialis", "cialisXL", true),
        (Bound::Start, "cialis", "specialist", false),
        (Bound::None, "cialis", "specialist", true),
        (Bound::Auto, "伟哥", "买伟哥吧", true),
        (Bound::Word, "伟哥", "买伟哥吧", false),
        (Bound::Word, "伟哥", "买 伟哥!", true),
        (Bound::Auto, "ไวอากร้า", "ขายไวอากร้าถูก", true),
        (Bound::Auto, "виагра", "Виагра-софт", true),
        (Bound::Auto, "виагра", "виаграми", false),
        (Bound::Auto, "é", "caf\u{e9}", false),
        (Bound::Word, "no prescription", "No - Prescription!", true),
        (Bound::Word, "no prescription", "no.prescription", false),
        (Bound::Word, "e-cigarette", "E Cigarette", true),
        (Bound::None, "no prescription", "xno-prescriptionx", true),
        (Bound::Word, "c++", "learn C++ now", true),
        (Bound::Word, "@home", "at @home", true),
        (Bound::Word, "50% off", "now 50% off", true),
        (Bound::Auto, "iphone手机", "新iPhone手机壳", true),
        (Bound::Word, "co2", "CO₂ cartridge", true),
    ];
    for (bound, term, title, expected) in cases {
        assert_eq!(with(bound, term, title), expected, "{bound:?} {term:?} in {title:?}");
    }
}

#[test]
fn stems_run_to_the_words_end() {
    let stems = |stem: &str, fold| Pattern { stems: vec![stem.to_owned()], fold, ..pattern("p", &[]) };
    assert_eq!(
        marked(stems("tablet", Fold::Standard), "Tabletki, TABLETTEN; untablet"),
        ["Tabletki", "TABLETTEN"]
    );
    assert_eq!(marked(stems("виагр", Fold::Standard), "Купить виагру и Виагрой"), ["виагру", "Виагрой"]);
    assert_eq!(marked(stems("viagr", Fold::Evasive), "v1agrasoft, viagrą"), ["v1agrasoft", "viagrą"]);
    assert_eq!(marked(stems("schmerz mittel", Fold::Standard), "Schmerz-Mitteln"), ["Schmerz-Mitteln"]);
}

#[test]
fn folds() {
    let exact = Pattern { fold: Fold::Exact, ..pattern("p", &["LED"]) };
    assert_eq!(marked(exact.clone(), "LED led SLED LED-lamp"), ["LED", "LED"]);
    assert_eq!(marked(pattern("p", &["LED"]), "led SLED ＬＥＤ"), ["led", "ＬＥＤ"]);
    assert_eq!(marked(pattern("p", &["viagra"]), "v1agra V.i.a.g.r.a vіagra"), [""; 0]);
    assert_eq!(
        marked(evasive("p", &["viagra"]), "v1agra V.i.a.g.r.a vіagra"),
        ["v1agra", "V.i.a.g.r.a", "vіagra"]
    );
    let inner = Pattern { bound: Bound::None, ..evasive("p", &["viagra"]) };
    assert_eq!(marked(inner, "superv1agraxl superviagraxl"), ["v1agra", "viagra"]);
    assert_eq!(
        marked(evasive("p", &["no prescription"]), "n0 prescription or no prescr1ption"),
        ["n0 prescription", "no prescr1ption"]
    );
}

#[test]
fn accents_of_the_word_are_no_trick() {
    let found = |term: &str, title: &str| {
        matches(&rule("t", vec![pattern("p", &[term])], Condition::Pattern(0)), &titled(title))
    };
    assert_eq!(found("crème", "Crème, creme"), ["p:title:Crème:standard:", "p:title:creme:standard:"]);
    assert_eq!(found("viagra", "Víagra"), ["p:title:Víagra:standard:marks"]);
    assert_eq!(
        found("viagra", "Vi\u{200b}agra Ｖiagra &#118;iagra Vi<b>agra"),
        [
            "p:title:Vi\u{200b}agra:standard:invisible",
            "p:title:Ｖiagra:standard:fullwidth",
            "p:title:&#118;iagra:standard:entity",
            "p:title:Vi<b>agra:standard:markup",
        ]
    );
}

#[test]
fn overlapping_terms_are_all_found() {
    let found =
        marked(pattern("p", &["viagra", "viagra 100mg", "100mg tablets", "tablets"]), "Viagra 100mg tablets");
    assert_eq!(found, ["Viagra", "Viagra 100mg", "100mg tablets", "tablets"]);
    let inner = Pattern { bound: Bound::None, ..pattern("p", &["aa", "aaa"]) };
    assert_eq!(marked(inner, "aaaa"), ["aa", "aaa", "aa", "aaa", "aa"]);
}

#[test]
fn regexes_mean_what_they_say_in_every_script() {
    let cases = [
        (r"\b\d{2,3}\s?mg\b", "100mg 50 MG x100mg 1000mg 12mgs", vec!["100mg", "50 MG"]),
        (r"\d+ ?mg", "١٠٠ mg", vec!["١٠٠ mg"]),
        (r"STRAßE", "Strasse straße", vec!["Strasse", "straße"]),
        (r"caf[éè]s?", "CAFÉS cafe", vec!["CAFÉS", "cafe"]),
        (r"\bВИАГР\w+", "купить виагру, ивиагру", vec!["виагру"]),
        (r"\bмг\b", "100 мг, мгновение", vec!["мг"]),
        (r"a\s+b", "a   b a\u{a0}b", vec!["a   b", "a\u{a0}b"]),
        (r"a\s{2,}b", "a   b", vec!["a   b"]),
        (r"^new|used$", "New and used", vec!["New", "used"]),
        (r"x[–—-]y", "x—y x-y", vec!["x—y", "x-y"]),
        (r"(?:no|without)\s+(?:script|rx)", "without  RX", vec!["without  RX"]),
        (r"伟哥\d", "伟哥1号", vec!["伟哥1"]),
        (r"a.*z", "a b z", vec!["a b z"]),
        (r"[^a]b", "ab xb", vec!["xb"]),
    ];
    for (pattern, title, expected) in cases {
        assert_eq!(marked(regex("p", pattern), title), expected, "{pattern} in {title:?}");
    }
}

#[test]
fn captured_numbers_filter() {
    let at_least = |min: &str, title: &str| {
        let number = NumberFilter { group: 1, min: Some(min.parse().unwrap()), max: Some(9000.into()) };
        marked(Pattern { number: Some(number), ..regex("p", r"(\d[\d.,]*) ?mw\b") }, title)
    };
    assert_eq!(at_least("5", "1 mW, 5mW, 1,5 mW, 2.000 mW, 10000 mW"), ["5mW", "2.000 mW"]);
    assert_eq!(at_least("1.5", "1,5 mW 1.4 mW"), ["1,5 mW"]);
}

#[test]
fn conditions() {
    let names = ["alpha", "beta", "gamma"];
    let when = |condition: Condition, title: &str| {
        let patterns = names.iter().map(|name| pattern(name, &[*name])).collect();
        holds(&rule("t", patterns, condition), &titled(title))
    };
    let p = Condition::Pattern;
    let not = |condition| Condition::Not(Box::new(condition));
    let at_least = |n| Condition::AtLeast { n, of: vec![0, 1, 2] };
    let near = |distance| Condition::Near { a: 0, b: 1, distance };
    let count = |comparison, value: u32| Condition::Count { pattern: 0, comparison, value: value.into() };
    let cases = [
        (p(0), "alpha", true),
        (p(0), "beta", false),
        (not(p(0)), "beta", true),
        (not(p(0)), "alpha", false),
        (Condition::And(vec![p(0), not(p(1))]), "alpha", true),
        (Condition::And(vec![p(0), not(p(1))]), "alpha beta", false),
        (Condition::Or(vec![p(0), p(1)]), "beta", true),
        (Condition::Or(vec![p(0), not(p(1))]), "gamma", true),
        (at_least(2), "alpha gamma", true),
        (at_least(2), "alpha alpha", false),
        (at_least(3), "gamma beta alpha", true),
        (near(3), "alpha - beta", true),
        (near(3), "beta éé alpha", false),
        (near(4), "beta éé alpha", true),
        (near(0), "alpha beta", false),
        (count(Comparison::AtLeast, 2), "alpha alpha", true),
        (count(Comparison::AtLeast, 2), "alpha beta", false),
        (count(Comparison::Less, 2), "gamma", true),
        (count(Comparison::Equal, 0), "alpha", false),
        (Condition::PriceEur { comparison: Comparison::NotEqual, value: 1.into() }, "no price", false),
        (Condition::Has(Attribute::Gtin), "alpha", false),
        (not(Condition::Has(Attribute::Gtin)), "alpha", true),
    ];
    for (condition, title, expected) in cases {
        assert_eq!(when(condition.clone(), title), expected, "{condition:?} on {title:?}");
    }
}

#[test]
fn counting_goes_as_far_as_the_condition_asks() {
    let count = Condition::Count { pattern: 0, comparison: Comparison::AtLeast, value: 100.into() };
    let rule = rule("t", vec![pattern("p", &["x"])], count);
    assert!(holds(&rule, &titled(&"x ".repeat(100))));
    assert!(!holds(&rule, &titled(&"x ".repeat(99))));
}

#[test]
fn values_of_the_listing() {
    let listing = Listing {
        title: "Lamp".to_owned(),
        category: vec!["Home".to_owned(), "Ｌｉｇｈｔ &amp; Lamps".to_owned()],
        brand: Some("ÖKO".to_owned()),
        seller: Some(Seller { name: Some("Shop 24".to_owned()), ..Seller::default() }),
        language: Some("de-AT".to_owned()),
        gtin: vec!["4006381333931".to_owned()],
        attributes: BTreeMap::from([("Farbe".to_owned(), "Rot".to_owned())]),
        ..Listing::default()
    };
    let is_in = |attribute, value: &str| {
        holds(&rule("t", vec![], Condition::FieldIn { attribute, values: vec![value.to_owned()] }), &listing)
    };
    assert!(is_in(Attribute::Category, "light & lamps"));
    assert!(!is_in(Attribute::Category, "lamps"));
    assert!(is_in(Attribute::Brand, "öko") && is_in(Attribute::Seller, "SHOP 24"));
    assert!(
        is_in(Attribute::Language, "de")
            && is_in(Attribute::Language, "de-AT")
            && !is_in(Attribute::Language, "at")
    );
    assert!(is_in(Attribute::Gtin, "4006381333931") && !is_in(Attribute::Mpn, ""));
    assert!(!is_in(Attribute::Market, "DE"), "unknown market");

    let everywhere = Pattern {
        fields: vec![Field::Attributes, Field::Category, Field::Brand, Field::Seller],
        attributes: Vec::new(),
        ..pattern("p", &["rot", "home", "öko", "shop 24", "lamp"])
    };
    assert_eq!(
        matches(&rule("t", vec![everywhere], Condition::Pattern(0)), &listing),
        [
            "p:attributes.Farbe:Rot:standard:",
            "p:category[0]:Home:standard:",
            "p:brand:ÖKO:standard:",
            "p:seller:Shop 24:standard:",
        ]
    );
}

#[test]
fn languages_and_markets() {
    let mut german = rule("t", vec![pattern("p", &["x"])], Condition::Pattern(0));
    german.langs = vec!["de".to_owned()];
    let spoken = |language: Option<&str>| {
        holds(&german, &Listing { language: language.map(str::to_owned), ..titled("x") })
    };
    assert!(spoken(None) && spoken(Some("de")) && spoken(Some("de-CH")) && !spoken(Some("fr")));

    german.langs = vec!["*".to_owned()];
    german.markets = vec!["DE".to_owned(), "AT".to_owned()];
    let (matcher, _) = Matcher::compile(&set(vec![german]));
    let aimed = |market| !matcher.hits(&titled("x"), market).is_empty();
    assert!(aimed(Some("DE")) && aimed(Some("at")) && !aimed(Some("FR")) && !aimed(None));
}

#[test]
fn only_what_may_run_runs() {
    let with = |status| {
        let mut rule = rule("t", vec![pattern("p", &["x"])], Condition::Pattern(0));
        rule.status = status;
        set(vec![rule])
    };
    for (status, plain, drafts) in
        [(Status::Draft, 0, 1), (Status::Trial, 1, 1), (Status::Active, 1, 1), (Status::Deprecated, 0, 0)]
    {
        assert_eq!(Matcher::compile(&with(status)).0.rule_count(), plain, "{status:?}");
        assert_eq!(Matcher::compile_with(&with(status), true).0.rule_count(), drafts, "{status:?}");
    }
}

#[test]
fn a_broken_rule_is_reported_and_the_others_run() {
    let when = || Condition::Pattern(0);
    let mut deep = when();
    for _ in 0..300 {
        deep = Condition::Not(Box::new(deep));
    }
    let number = NumberFilter { group: 2, min: None, max: None };
    let rules = vec![
        rule("a.good", vec![pattern("p", &["x"])], when()),
        rule("b.huge", vec![regex("p", r"(?:\w{100}){100}")], when()),
        rule("c.syntax", vec![regex("p", "(")], when()),
        rule("d.empty", vec![pattern("p", &["\u{200b}"])], when()),
        rule("e.deep", vec![pattern("p", &["x"])], deep),
        rule("f.group", vec![Pattern { number: Some(number), ..regex("p", r"(\d)") }], when()),
        rule("g.unknown", vec![], Condition::Pattern(7)),
        rule("h.good", vec![pattern("p", &["x"])], when()),
    ];
    let (matcher, errors) = Matcher::compile(&set(rules));
    let broken: Vec<&str> = errors.iter().map(|error| error.rule.as_str()).collect();
    assert_eq!(broken, ["b.huge", "c.syntax", "d.empty", "e.deep", "f.group", "g.unknown"]);
    let hit: Vec<String> = matcher.hits(&titled("x"), None).into_iter().map(|hit| hit.rule).collect();
    assert_eq!(hit, ["a.good", "h.good"]);
}

#[test]
fn a_text_that_matches_everywhere_is_bounded() {
    let mut patterns = vec![
        evasive("word", &["a", "aa", "a a", "a a a"]),
        Pattern { bound: Bound::None, ..evasive("inner", &["a", "aa", "aaa", "aaaa", "a a"]) },
        regex("filtered", r"a a\b"),
        regex("open", r".*a"),
        regex("unfiltered", r"\w"),
    ];
    patterns.push(Pattern { stems: vec!["a".to_owned()], ..pattern("stem", &[]) });
    let rule = rule("t", patterns, Condition::AtLeast { n: 1, of: vec![0, 1, 2, 3, 4, 5] });
    // Ten megabytes where the compiler has been asked for speed.
    let times = if cfg!(debug_assertions) { 1 << 16 } else { 10 << 20 };
    for piece in [
        "a ",
        "a",
        "4а.",
        "v1agra ",
        "é",
        "&#59",
        "<b",
        "e\u{301}",
        "\u{e48}\u{e38}",
        "a\u{e48}",
        "А.",
        "@a!",
    ] {
        let text = format!("a a {}", piece.repeat(times / piece.len()));
        let started = std::time::Instant::now();
        let hit = hits(&rule, &titled(&text)).remove(0);
        assert!(hit.matches.len() <= 6 * 32, "{} matches", hit.matches.len());
        assert!(started.elapsed().as_secs() < 60, "{piece:?}: {:?}", started.elapsed());
    }
}

#[test]
fn a_text_of_nothing_but_disguises_costs_no_more_a_letter_than_a_short_one() {
    let rule = rule("t", vec![evasive("drug", &["viagra", "oxycontin"])], Condition::Pattern(0));
    // Looking at the whole text once for each word would take minutes here.
    let bytes = if cfg!(debug_assertions) { 1 << 18 } else { 10 << 20 };
    for piece in
        ["a*", "v*agra*", "\u{202e}a ", "\u{202e}argaiv ", "vi-", "v-i-", "vl agra ", "ɐɹƃ ", "🇻🇮", "🇻 "]
    {
        let text = piece.repeat(bytes / piece.len());
        let started = std::time::Instant::now();
        hits(&rule, &titled(&text));
        assert!(started.elapsed().as_secs() < 20, "{piece:?}: {:?}", started.elapsed());
    }
}
