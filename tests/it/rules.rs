//! Rules as authors write them: what the example of the design means, and that one broken file harms no other.

use std::collections::BTreeMap;
use std::fs;

use caveat::document::{Level, code};
use caveat::listing::Listing;
use caveat::matcher::Matcher;
use caveat::rules::condition::{Names, parse, shown};
use caveat::rules::folder::{ReadError, RuleFile, read_folder};
use caveat::rules::load::{LoadOptions, Loaded, Packs, load};
use caveat::rules::lock::content_digest;
use caveat::rules::model::{Attribute, Bound, Comparison, Condition, Field, Fold, Status};
use caveat::workbench;
use proptest::prelude::*;
use rust_decimal::Decimal;

pub(crate) const TAXONOMY: &str = r#"
format = 1
[class."medicine.erectile"]
severity = "high"
authority = "medicines"
notices = ["dsa16", "dsa9"]
title = { en = "Potency medicine", de = "Potenzmittel" }
check = { en = "May this seller dispense at a distance?" }
[[class."medicine.erectile".legal_basis]]
provision = "Directive 2001/83/EC, Article 85c"
url = "https://eur-lex.europa.eu/eli/dir/2001/83/oj"
checked = 2026-11-24
"#;

const RATES: &str = "format = 1\ndate = 2026-11-24\nsource = \"test\"\n[rates]\nUSD = \"1.08\"\nJPY = 171\n";

const LIST: &str = "format = 1\ntitle = \"Names\"\nsource = \"test\"\nlicence = \"CC0-1.0\"\nchecked = 2026-11-24\n\
                    langs = [\"*\"]\nterms = [\"viagra\", \"kamagra\"]\nstems = [\"sildenafil\"]\n";

const PACK: &str = "format = 1\ntitle = \"Medicines\"\ndescription = \"For people\"\ndefault = true\n";

/// The rule file of the design, word for word.
const EXAMPLE: &str = r#"
format   = 1
id       = "med.pde5-offer"
title    = "ED medicine offered without prescription"
status   = "trial"                     # draft (only under `rules`) | trial | active (needs rules.lock) | deprecated (replaced_by, reason)
class    = "medicine.erectile"         # severity, authority, legal basis, notices come from taxonomy.toml
langs    = ["*"]                       # optional markets = ["DE"]
when     = "drug and (no_rx or dose or price_eur < 60)"

[pat.drug]
list   = "pde5-names"                  # rules/lists/pde5-names.toml
fields = ["title", "description", "attributes"]      # the default
bound  = "word"                        # word | start | none | auto (default: word, none beside CJK and Thai)
fold   = "evasive"                     # exact | standard (default) | evasive
[pat.no_rx]
terms  = ["no prescription", "ohne rezept", "sans ordonnance", "bez recepty"]
[pat.dose]
regex  = '\b\d{2,3}\s?mg\b'            # on the standard view, case-insensitive
[except.printed_matter]
terms  = ["book", "poster"]
fields = ["title", "category"]
unless = ["no_rx"]                     # a seller who appends "poster" is not let off
why    = "printed matter about the medicine"
until  = 2027-11-01                    # lint warns after this day; matching knows no clock

[bar]
precision = 0.90                       # promised here, measured by `rules eval`
[[test]]
name = "Cyrillic i, spaced letters"
flag = { title = "V і a g r a 100mg", price = { amount = "25", currency = "EUR" } }
hits = { drug = "V і a g r a" }
[[test]]
name = "book"
pass = { title = "Viagra: a history (book)", category = ["Books"], price = { amount = "12", currency = "EUR" } }
"#;

fn sound_files() -> Vec<RuleFile> {
    vec![
        RuleFile::new("taxonomy.toml", TAXONOMY),
        RuleFile::new("rates.toml", RATES),
        RuleFile::new("lists/pde5-names.toml", LIST),
        RuleFile::new("packs/medicines/pack.toml", PACK),
        RuleFile::new("packs/medicines/med.pde5-offer.toml", EXAMPLE),
    ]
}

fn lint(files: &[RuleFile]) -> Loaded {
    let today = Some(jiff::civil::date(2026, 11, 24));
    workbench::lint::lint(files, "", today)
}

fn simple_rule(id: &str, status: &str) -> RuleFile {
    let text = format!(
        "format = 1\nid = \"{id}\"\ntitle = \"T\"\nstatus = \"{status}\"\nclass = \"medicine.erectile\"\nwhen = \"a\"\n[pat.a]\nterms = [\"x-word\"]\n"
    );
    RuleFile::new(format!("packs/medicines/{id}.toml"), text)
}

fn ids(loaded: &Loaded) -> Vec<&str> {
    loaded.set.rules.iter().map(|rule| rule.id.as_str()).collect()
}

#[test]
fn the_example_of_the_design_means_what_it_says() {
    let loaded = lint(&sound_files());
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics[0].render());
    let rule = &loaded.set.rules[0];
    assert_eq!((rule.id.as_str(), rule.pack.as_str()), ("med.pde5-offer", "medicines"));
    assert_eq!((rule.status, rule.class.as_str()), (Status::Trial, "medicine.erectile"));
    assert!(rule.langs.is_empty() && rule.markets.is_empty());
    assert_eq!(
        rule.when,
        Condition::And(vec![
            Condition::Pattern(0),
            Condition::Or(vec![
                Condition::Pattern(1),
                Condition::Pattern(2),
                Condition::PriceEur { comparison: Comparison::Less, value: Decimal::from(60) },
            ]),
        ])
    );
    let drug = &rule.patterns[0];
    assert_eq!((drug.name.as_str(), drug.bound, drug.fold), ("drug", Bound::Word, Fold::Evasive));
    assert_eq!(
        (drug.terms.as_slice(), drug.stems.as_slice()),
        (&["viagra".to_owned(), "kamagra".to_owned()][..], &["sildenafil".to_owned()][..])
    );
    assert_eq!(drug.fields, [Field::Title, Field::Description, Field::Attributes]);
    let no_rx = &rule.patterns[1];
    assert_eq!((no_rx.bound, no_rx.fold, no_rx.terms.len()), (Bound::Auto, Fold::Standard, 4));
    assert_eq!(rule.patterns[2].regexes, [r"\b\d{2,3}\s?mg\b"]);
    let exception = &rule.exceptions[0];
    assert_eq!((exception.pattern.name.as_str(), exception.unless.as_slice()), ("printed_matter", &[1][..]));
    assert_eq!(exception.pattern.fields, [Field::Title, Field::Category]);
    assert_eq!(exception.until.as_deref(), Some("2027-11-01"));
    assert_eq!(rule.bar_precision, Some(0.9));
    let [flag, pass] = rule.tests.as_slice() else { panic!("{:?}", rule.tests) };
    assert_eq!((flag.flag, flag.line, flag.listing.title.as_str()), (true, 28, "V і a g r a 100mg"));
    assert_eq!(flag.hits, [("drug".to_owned(), "V і a g r a".to_owned())]);
    assert_eq!(flag.listing.price.as_ref().unwrap().amount.to_string(), "25");
    assert_eq!((pass.flag, pass.listing.category.as_slice()), (false, &["Books".to_owned()][..]));
    assert_eq!(loaded.set.rates.per_euro["JPY"], Decimal::from(171));
    assert_eq!(loaded.set.rates.date, "2026-11-24");
    assert_eq!(loaded.set.taxonomy.classes["medicine.erectile"].notices, ["dsa16", "dsa9"]);
    assert_eq!(loaded.packs[0].rules, 1);
}

#[test]
fn conditions_mean_what_they_say() {
    let a = || Condition::Pattern(0);
    let b = || Condition::Pattern(1);
    let c = || Condition::Pattern(2);
    let not = |inner| Condition::Not(Box::new(inner));
    let texts = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    for (text, expected) in [
        ("a or b and not c", Condition::Or(vec![a(), Condition::And(vec![b(), not(c())])])),
        ("(a or b) and c", Condition::And(vec![Condition::Or(vec![a(), b()]), c()])),
        ("not a and b", Condition::And(vec![not(a()), b()])),
        ("not (a and b)", not(Condition::And(vec![a(), b()]))),
        ("not not a", not(not(a()))),
        ("2 of (a, b, c)", Condition::AtLeast { n: 2, of: vec![0, 1, 2] }),
        ("any of (c, a)", Condition::AtLeast { n: 1, of: vec![2, 0] }),
        ("all of (a, b)", Condition::AtLeast { n: 2, of: vec![0, 1] }),
        ("near(a, b, 40)", Condition::Near { a: 0, b: 1, distance: 40 }),
        (
            "count(a) >= 2",
            Condition::Count { pattern: 0, comparison: Comparison::AtLeast, value: Decimal::from(2) },
        ),
        (
            "price_eur <= 59.90",
            Condition::PriceEur { comparison: Comparison::AtMost, value: Decimal::new(5990, 2) },
        ),
        (
            "category in [\"Books\", 'Posters']",
            Condition::FieldIn { attribute: Attribute::Category, values: texts(&["Books", "Posters"]) },
        ),
        ("brand == \"X\"", Condition::FieldIn { attribute: Attribute::Brand, values: texts(&["X"]) }),
        (
            "language in [\"de\", \"pt-BR\"]",
            Condition::FieldIn { attribute: Attribute::Language, values: texts(&["de", "pt-BR"]) },
        ),
        ("market in [\"DE\"]", Condition::FieldIn { attribute: Attribute::Market, values: texts(&["DE"]) }),
        ("has gtin", Condition::Has(Attribute::Gtin)),
        ("missing brand", not(Condition::Has(Attribute::Brand))),
    ] {
        let parsed = parse(text, Names { patterns: &["a", "b", "c"], exceptions: &[] });
        assert_eq!(parsed.unwrap().condition, expected, "{text}");
    }
}

#[test]
fn conditions_are_written_out_plainly() {
    for (text, expected) in [
        ("((a)) and ((b or (c)))", "a and (b or c)"),
        ("a or (b and c)", "a or b and c"),
        ("not (has brand)", "missing brand"),
        ("1 of (a, b)", "any of (a, b)"),
        ("market == 'DE'", "market in [\"DE\"]"),
    ] {
        let names = Names { patterns: &["a", "b", "c"], exceptions: &[] };
        assert_eq!(shown(&parse(text, names).unwrap().condition, names.patterns), expected);
    }
}

#[test]
fn one_broken_rule_disables_no_other_and_is_named() {
    let mut files = sound_files();
    files.push(simple_rule("med.good", "trial"));
    for (id, text) in [
        ("med.syntax", "format = ".to_owned()),
        ("med.regex", EXAMPLE.replace("med.pde5-offer", "med.regex").replace(r"\b\d{2,3}", "(")),
        ("med.condition", EXAMPLE.replace("med.pde5-offer", "med.condition").replace("no_rx or", "no_xr or")),
        (
            "med.class",
            EXAMPLE.replace("med.pde5-offer", "med.class").replace("medicine.erectile", "medicine.x"),
        ),
        ("med.list", EXAMPLE.replace("med.pde5-offer", "med.list").replace("pde5-names\"", "nowhere\"")),
    ] {
        files.push(RuleFile::new(format!("packs/medicines/{id}.toml"), text));
    }
    files.push(RuleFile {
        path: "packs/medicines/med.secret.toml".to_owned(),
        text: Err("denied".to_owned()),
    });
    let loaded = lint(&files);
    assert_eq!(ids(&loaded), ["med.good", "med.pde5-offer"]);
    assert_eq!(
        loaded.broken,
        ["med.class", "med.condition", "med.list", "med.regex", "med.secret", "med.syntax"]
    );
    for id in &loaded.broken {
        let file = &loaded.files[id];
        assert!(
            loaded.diagnostics.iter().any(|one| &one.file == file && one.level == Level::Error),
            "{id} is left out in silence"
        );
    }
}

#[test]
fn a_list_serves_without_its_broken_terms() {
    let mut files = sound_files();
    files[2] = RuleFile::new("lists/pde5-names.toml", LIST.replace("\"kamagra\"", "\"kamagra\", \"\", 7"));
    let loaded = lint(&files);
    assert_eq!(loaded.set.rules[0].patterns[0].terms, ["viagra", "kamagra"]);
    let codes: Vec<&str> = loaded.diagnostics.iter().map(|one| one.code).collect();
    assert_eq!(codes, [code::EMPTY_TERM, code::WRONG_TYPE]);
}

#[test]
fn statuses_decide_what_runs() {
    let mut files = sound_files();
    files.push(simple_rule("med.draft", "draft"));
    files.push(simple_rule("med.active", "active"));
    let old = simple_rule("med.old", "deprecated").text.unwrap();
    let old = String::from_utf8(old).unwrap().replace("when =", "replaced_by = \"med.active\"\nwhen =");
    files.push(RuleFile::new("packs/medicines/med.old.toml", old));
    let running = load(&files, &LoadOptions::default());
    assert!(running.diagnostics.is_empty(), "lints are only for lint: {:?}", running.diagnostics);
    assert_eq!(ids(&running), ["med.active", "med.pde5-offer"]);
    assert_eq!(
        running.set.rules[0].status,
        Status::Trial,
        "an active rule without a measurement runs as a trial"
    );
    assert_eq!(running.deprecated[0].replaced_by.as_deref(), Some("med.active"));
    let drafts = load(&files, &LoadOptions { include_drafts: true, ..LoadOptions::default() });
    assert_eq!(ids(&drafts), ["med.active", "med.draft", "med.pde5-offer"]);
}

fn lock(id: &str, content: &str, flagged: u64, right: u64) -> RuleFile {
    let corpus = "1".repeat(64);
    let text = format!(
        "format = 1\n[rule.\"{id}\"]\ncontent = \"{content}\"\ncorpus = \"{corpus}\"\ndate = 2026-11-24\nflagged = {flagged}\nright = {right}\nmissed = 2\n"
    );
    RuleFile::new("rules.lock", text)
}

#[test]
fn an_active_rule_is_the_one_that_was_measured() {
    let rule_with = |change: &dyn Fn(String) -> String| {
        let mut files = sound_files();
        files[4] = RuleFile::new(
            "packs/medicines/med.pde5-offer.toml",
            change(EXAMPLE.replace("\"trial\"", "\"active\"")),
        );
        files
    };
    let plain = |text: String| text;
    let digest = content_digest(&lint(&rule_with(&plain)).set.rules[0]);
    let status = |files: Vec<RuleFile>, lock: RuleFile| {
        let loaded = lint(&[files, vec![lock]].concat());
        assert!(!loaded.has_errors(), "{}", loaded.diagnostics[0].render());
        let said = loaded.diagnostics.iter().map(|one| one.message.clone()).collect::<Vec<_>>().join("; ");
        (loaded.set.rules[0].status, said)
    };
    let id = "med.pde5-offer";
    assert_eq!(status(rule_with(&plain), lock(id, &digest, 100, 95)), (Status::Active, String::new()));
    // What does not change what is found does not matter.
    let layout = |text: String| {
        text.replace("[pat.dose]", "# a dose\n[pat.dose]")
            .replace("title    = \"ED", "title = \"An ED")
            .replace("[\"book\", \"poster\"]", "[\"poster\", \"book\", \"book\"]")
            .replace("(no_rx or dose", "((no_rx) or dose")
    };
    assert_eq!(status(rule_with(&layout), lock(id, &digest, 100, 95)).0, Status::Active);
    let wider = |text: String| text.replace("{2,3}", "{1,3}");
    let without_exception = |text: String| text.replace("unless = [\"no_rx\"]", "unless = []");
    let other_list = rule_with(&plain).into_iter().map(|file| match file.path.as_str() {
        "lists/pde5-names.toml" => RuleFile::new(&*file.path, LIST.replace("kamagra", "cialis")),
        _ => file,
    });
    for (files, lock, words) in [
        (rule_with(&plain), lock("med.other", &digest, 100, 95), "no rules.lock holds a measurement"),
        (rule_with(&wider), lock(id, &digest, 100, 95), "was changed after its measurement of 2026-11-24"),
        (rule_with(&without_exception), lock(id, &digest, 100, 95), "was changed"),
        (other_list.collect(), lock(id, &digest, 100, 95), "was changed"),
        (
            rule_with(&plain),
            lock(id, &digest, 100, 89),
            "a precision of 0.89 was measured, and the rule promises 0.90",
        ),
        (rule_with(&plain), lock(id, &digest, 0, 0), "it flagged nothing"),
    ] {
        let (status, said) = status(files, lock);
        assert!(status == Status::Trial && said.contains(words), "{said}");
    }
}

#[test]
fn a_single_attribute_is_looked_into_by_its_name() {
    let rule = |fields: &str| {
        let text = EXAMPLE
            .replace("[\"title\", \"description\", \"attributes\"]", fields)
            .replace("when     = \"drug and", "when     = \"drug or drug and");
        let mut files = sound_files();
        files[4] = RuleFile::new("packs/medicines/med.pde5-offer.toml", text);
        let loaded = load(&files, &LoadOptions::default());
        assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics[0].render());
        Matcher::compile(&loaded.set).0
    };
    let listing = |attribute: &str| {
        let mut listing = Listing { title: "Pills".to_owned(), ..Listing::default() };
        listing.attributes.insert(attribute.to_owned(), "Sildenafilum 100 mg".to_owned());
        listing
    };
    for (fields, attribute, expected) in [
        ("[\"attributes\"]", "Wirkstoff", true),
        ("[\"attributes.Wirkstoff\"]", "WIRKSTOFF", true),
        ("[\"attributes.Wirkstoff\"]", "Hinweis", false),
        ("[\"title\", \"attributes.Principe actif\", \"attributes.Wirkstoff\"]", "principe actif", true),
        ("[\"attributes.Wirkstoff\", \"attributes\"]", "Hinweis", true),
        ("[\"title\"]", "Wirkstoff", false),
    ] {
        let hits = rule(fields).hits(&listing(attribute), None);
        assert_eq!(!hits.is_empty(), expected, "{fields} {attribute}");
        if let Some(hit) = hits.first() {
            assert_eq!(hit.matches[0].field, format!("attributes.{attribute}"));
        }
    }
}

#[test]
fn packs_are_switched_on_and_off() {
    let mut files = sound_files();
    files.push(RuleFile::new("packs/abortion/pack.toml", PACK.replace("true", "false")));
    let rule = simple_rule("med.off", "trial").text.unwrap();
    files.push(RuleFile::new("packs/abortion/deeper/med.off.toml", rule));
    files.push(RuleFile::new("packs/abortion/med.broken.toml", "nonsense"));
    let with = |packs| load(&files, &LoadOptions { packs, ..LoadOptions::default() });
    let default = with(Packs::Default);
    assert_eq!(ids(&default), ["med.pde5-offer"]);
    assert!(default.diagnostics.is_empty(), "what is off is not looked at");
    assert_eq!(default.packs.len(), 2);
    assert_eq!(ids(&with(Packs::Named(vec!["abortion".to_owned()]))), ["med.off"]);
    assert_eq!(ids(&with(Packs::All)), ["med.off", "med.pde5-offer"]);
    let all = with(Packs::All);
    let of = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        all.for_packs(&names).rules.into_iter().map(|rule| rule.id).collect::<Vec<_>>()
    };
    assert_eq!(of(&[]), ["med.pde5-offer"]);
    assert_eq!(of(&["abortion"]), ["med.off"]);
    assert_eq!(of(&["abortion", "medicines"]), ["med.off", "med.pde5-offer"]);
    let unknown = with(Packs::Named(vec!["medicin".to_owned()]));
    assert_eq!(unknown.diagnostics[0].code, code::UNKNOWN_PACK);
    assert!(unknown.set.rules.is_empty());
}

#[test]
fn lints_are_silenced_with_a_reason() {
    let rule = |allow: &str| {
        let text = EXAMPLE
            .replace("when     =", &format!("{allow}\nwhen     ="))
            .replace("bound  = \"word\"", "terms = [\"pde\"]\nbound = \"none\"");
        let mut files = sound_files();
        files[4] = RuleFile::new("packs/medicines/med.pde5-offer.toml", text);
        lint(&files).diagnostics.iter().map(|one| one.code).collect::<Vec<_>>()
    };
    assert_eq!(rule(""), [code::SHORT_TERM]);
    assert_eq!(rule("allow = [{ lint = \"short-term\", why = \"no word contains it\" }]"), [""; 0]);
    assert_eq!(rule("allow = [{ lint = \"short-term\" }]"), [code::MISSING_KEY]);
}

#[test]
fn columns_are_counted_in_characters() {
    let text = "format = 1\nid = \"med.x\"\ntitle = \"Виагра 伟哥 é\" \t colour = 1\n";
    let loaded = lint(&[RuleFile::new("packs/m/med.x.toml", text), RuleFile::new("taxonomy.toml", TAXONOMY)]);
    let found = loaded.diagnostics.iter().find(|one| one.code == code::TOML_SYNTAX).unwrap();
    assert_eq!((found.line, found.column), (3, 25));
}

#[test]
fn a_folder_is_read_within_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("taxonomy.toml", TAXONOMY);
    write("packs/m/deeper/med.x.toml", "");
    write("packs/m/README.md", "not a rule");
    write(".git/config.toml", "not a rule");
    write("lists/a.toml", LIST);
    let paths: Vec<String> = read_folder(folder.path()).unwrap().into_iter().map(|file| file.path).collect();
    assert_eq!(paths, ["lists/a.toml", "packs/m/deeper/med.x.toml", "taxonomy.toml"]);
    write("1/2/3/4/5/6/7/8/9/x.toml", "");
    assert!(matches!(read_folder(folder.path()), Err(ReadError::TooDeep { .. })));
    let missing = read_folder(&folder.path().join("missing")).unwrap_err().to_string();
    assert!(missing.contains("missing") && missing.contains("No such file"), "{missing}");
}

/// The lines of a file, for checking where diagnostics point.
fn assert_places_lie_inside(files: &[RuleFile], loaded: &Loaded) {
    let texts: BTreeMap<&str, String> = files
        .iter()
        .filter_map(|file| {
            Some((file.path.as_str(), String::from_utf8_lossy(file.text.as_ref().ok()?).into_owned()))
        })
        .collect();
    for one in &loaded.diagnostics {
        let Some(text) = texts.get(one.file.as_str()) else { continue };
        let line = text.split('\n').nth(one.line - 1).unwrap_or_else(|| panic!("{}", one.render()));
        assert!(one.column - 1 <= line.chars().count(), "{}", one.render());
        assert!(one.column - 1 + one.width <= line.chars().count() + 1, "{}", one.render());
        assert!(one.snippet_lead <= one.snippet.chars().count());
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_and_every_place_lies_inside(bytes in proptest::collection::vec(any::<u8>(), 0..200), path in "(packs/m/med\\.x|lists/l|taxonomy|rates|packs/m/pack)\\.toml") {
        let files = [RuleFile::new(path, bytes)];
        assert_places_lie_inside(&files, &lint(&files));
    }

    #[test]
    fn no_damage_to_a_rule_panics(at in 0usize..2000, cut in 0usize..30, insert in "[\\[\\]{}()=\"'#.,a-zé伟\\\\\n 0-9-]{0,6}") {
        let mut text: Vec<char> = EXAMPLE.chars().collect();
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.splice(at..end, insert.chars());
        let mut files = sound_files();
        files[4] = RuleFile::new("packs/medicines/med.pde5-offer.toml", text.into_iter().collect::<String>());
        let loaded = lint(&files);
        assert_places_lie_inside(&files, &loaded);
        prop_assert_eq!(loaded.set.rules.len() + loaded.broken.len() + loaded.deprecated.len(), 1);
        prop_assert_eq!(loaded.broken.is_empty(), !loaded.has_errors());
    }

    #[test]
    fn a_condition_written_out_reads_the_same(words in proptest::collection::vec("a|b|c|not|and|or|\\(|\\)|2 of \\(a, b, c\\)|all of \\(a, b\\)|any of \\(c\\)|near\\(a, b, 7\\)|count\\(c\\) != 2|price_eur >= 1\\.50|brand in \\[\"x\", 'y\"'\\]|market == \"DE\"|has gtin|missing sku", 1..12)) {
        let names = Names { patterns: &["a", "b", "c"], exceptions: &[] };
        // Random words rarely make a condition; `and` between every two that lack it makes many.
        let text = words.join(" and ").replace("( and", "(").replace("and )", ")").replace("and or and", "or")
            .replace("and and and", "and").replace("not and", "not");
        if let Ok(parsed) = parse(&text, names) {
            let written = shown(&parsed.condition, names.patterns);
            prop_assert_eq!(parse(&written, names).unwrap().condition, parsed.condition, "{} as {}", text, written);
        }
    }

    #[test]
    fn no_condition_panics(words in proptest::collection::vec("a|b|not|and|or|of|any|all|near|count|has|missing|gtin|price_eur|category|in|\\(|\\)|\\[|\\]|,|<|>=|==|!=|2|40|\"x\"|'|é|=", 0..20), spaced in any::<bool>()) {
        let text = words.join(if spaced { " " } else { "" });
        let names = Names { patterns: &["a", "b"], exceptions: &["e"] };
        let problems = match parse(&text, names) {
            Ok(parsed) => parsed.warnings,
            Err(problems) => {
                prop_assert!(!problems.is_empty());
                problems
            }
        };
        for problem in problems {
            prop_assert!(text.get(problem.span.clone()).is_some(), "{:?} in {:?}", problem, text);
        }
    }

    #[test]
    fn no_source_panics(schedule in "\\PC{0,40}", selector in "[$.@a-z\\[\\]()'\":> \\\\]{0,20}", start in "\\PC{0,30}") {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let text = format!(
            "id = \"x\"\nname = \"x\"\nstart = [{}]\nschedule = {}\n[select]\ntitle = {}\n",
            quoted(&start), quoted(&schedule), quoted(&selector)
        );
        let (source, found) = caveat::source::parse("sources/x.toml", text.as_bytes());
        prop_assert_eq!(source.is_some(), found.is_empty());
    }
}
