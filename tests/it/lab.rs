//! The workbench of rule authors: what each tool finds on a small rules folder of its own.

use std::fs;
use std::path::Path;

use caveat::listing::Listing;
use caveat::rules::folder::RuleFile;
use caveat::rules::load::{LoadOptions, Loaded, Packs, load};
use caveat::rules::model::Rule;
use caveat::workbench::ablate::{Worth, ablate};
use caveat::workbench::bitmaps::HitTable;
use caveat::workbench::collide::{Meeting, Vocabulary, collide, language_of, words_of};
use caveat::workbench::corpus::{self, Corpus};
use caveat::workbench::coverage::coverage;
use caveat::workbench::explain::{Explanation, How, Outcome, explain};
use caveat::workbench::format::{format, has_layout};
use caveat::workbench::mutate::{Words, mutate};
use caveat::workbench::overlap::{overlaps, unique};
use caveat::workbench::parts::Written;
use caveat::workbench::session::Session;
use caveat::workbench::suggest::suggest;
use caveat::workbench::terms::terms;
use caveat::workspace::embedded_packs;
use proptest::prelude::*;
use serde_json::json;

use crate::command::{err, json_lines, out, run, succeed};

const TAXONOMY: &str = r#"
format = 1
[class."medicine.sedative"]
severity = "high"
authority = "medicines"
notices = ["dsa16"]
title = { en = "Sedative" }
check = { en = "Is it prescription-only?" }
[[class."medicine.sedative".legal_basis]]
provision = "Directive 2001/83/EC, Article 85c"
url = "https://eur-lex.europa.eu/eli/dir/2001/83/oj"
checked = 2026-11-24
"#;

const RULE: &str = r#"format = 1
id     = "med.sleepy"
title  = "Sedative offered"
status = "trial"
class  = "medicine.sedative"
langs  = ["de", "en"]
when   = "name and (no_rx or near(name, dose, 10) or price_eur < 20 and form) and not toy"

[pat.name]
terms  = ["dormivex", "slumbrol forte"]
stems  = ["somnazep"]
fold   = "evasive"

[pat.no_rx]
terms  = ["no prescription"]

[pat.form]
terms  = ["tablet"]

[pat.dose]
regex  = '\b(\d{1,4}) ?mg\b'
number = { group = 1, min = 5 }

[pat.toy]
terms  = ["plush"]

[except.book]
terms  = ["novel"]
fields = ["title", "category"]
unless = ["no_rx"]
why    = "a book"

[[test]]
name = "offer"
flag = { title = "Dormivex 10 mg" }
hits = { name = "Dormivex" }

[[test]]
name = "no prescription"
flag = { title = "Dormivex novel formula", description = "no prescription" }

[[test]]
name = "book"
pass = { title = "Dormivex 10 mg, a novel" }
"#;

fn files() -> Vec<RuleFile> {
    let pack = "format = 1\ntitle = \"M\"\ndescription = \"m\"\ndefault = true\n";
    vec![
        RuleFile::new("taxonomy.toml", TAXONOMY),
        RuleFile::new("packs/medicines/pack.toml", pack),
        RuleFile::new("packs/medicines/med.sleepy.toml", RULE),
    ]
}

fn loaded(files: &[RuleFile]) -> Loaded {
    let loaded =
        load(files, &LoadOptions { packs: Packs::All, include_drafts: true, ..LoadOptions::default() });
    assert!(!loaded.has_errors(), "{:#?}", loaded.diagnostics);
    loaded
}

fn rule(loaded: &Loaded) -> &Rule {
    loaded.set.rules.iter().find(|rule| rule.id == "med.sleepy").unwrap()
}

fn listing(value: serde_json::Value) -> Listing {
    serde_json::from_value(value).unwrap()
}

fn explained(value: serde_json::Value) -> Explanation {
    let loaded = loaded(&files());
    explain(&loaded.set, rule(&loaded), &listing(value), None)
}

#[test]
fn a_near_miss_says_by_how_much() {
    // What is written, the pattern that misses it, how near it comes, and what is said.
    let cases = [
        (json!({ "title": "Dormivexx 10 mg" }), "name", How::Bound, "only begins a word"),
        (json!({ "title": "Dormovex 10 mg" }), "name", How::Letters, "1 letter away from \"dormivex\""),
        (json!({ "title": "Slumbrol extra forte" }), "name", How::Gap, "1 word between the words of"),
        (json!({ "title": "Slumbrolforte" }), "name", How::Letters, "1 letter away"),
        (json!({ "title": "x", "brand": "Dormivex" }), "name", How::Field, "does not look"),
        (json!({ "title": "Dormivex t a b l e t" }), "form", How::Fold, "fold = \"evasive\""),
        (json!({ "title": "Dormivex tablets" }), "form", How::Bound, "stems = [\"tablet\"]"),
        (json!({ "title": "Dormivex 2 mg" }), "dose", How::Number, "at least 5"),
        (json!({ "title": "Dormivex 10 milligram" }), "dose", How::Beginning, "would then need `mg"),
        (json!({ "title": "Dormivex, no medical prescription" }), "no_rx", How::Gap, "1 word"),
    ];
    for (value, pattern, how, said) in cases {
        let found = explained(value.clone());
        assert_eq!(found.outcome, Outcome::Miss, "{value}");
        let seen = found.patterns.iter().find(|seen| seen.name == pattern).unwrap();
        let near = seen.near.iter().find(|near| near.how == how);
        let near = near.unwrap_or_else(|| panic!("{value}: {:#?}", seen.near));
        assert!(near.message.contains(said), "{value}: {near:?}");
        let text = found.texts.iter().find(|text| text.field == near.field).unwrap();
        assert_eq!(&text.text[near.start..near.end], near.text, "{value}");
    }
}

#[test]
fn clauses_say_what_they_lack() {
    let saw = |value: serde_json::Value, clause: &str| {
        let found = explained(value);
        let mut all = vec![found.condition.clone()];
        let mut at = 0;
        while let Some(one) = all.get(at).cloned() {
            all.extend(one.parts);
            at += 1;
        }
        let one = all.into_iter().find(|one| one.text == clause).unwrap();
        (one.holds, one.saw.unwrap_or_default())
    };
    let far = json!({ "title": "Dormivex, the best of its kind, 10 mg" });
    let (holds, said) = saw(far, "near(name, dose, 10)");
    assert!(!holds && said.contains("stand 24 characters apart, 14 too far"), "{said}");
    let apart = json!({ "title": "Dormivex", "description": "10 mg" });
    assert!(saw(apart, "near(name, dose, 10)").1.contains("different fields"));
    let dear = json!({ "title": "x", "price": { "amount": "25.50", "currency": "EUR" } });
    assert_eq!(saw(dear, "price_eur < 20"), (false, "25.50 EUR, 5.50 off".to_owned()));
    let foreign = json!({ "title": "x", "price": { "amount": "5", "currency": "XYZ" } });
    assert!(saw(foreign, "price_eur < 20").1.contains("no rate"));
    assert_eq!(saw(json!({ "title": "x" }), "price_eur < 20").1, "the listing has no price");
}

#[test]
fn the_shortest_way_to_a_hit_is_told() {
    let needs = |value| explained(value).needs;
    assert_eq!(needs(json!({ "title": "Dormivex, no medical prescription" })), ["no_rx"]);
    assert_eq!(needs(json!({ "title": "Dormivexx 10 mg" })), ["name"]);
    assert_eq!(needs(json!({ "title": "Dormivex 10 mg plush" })), ["not toy"]);
    assert!(needs(json!({ "title": "Dormivex 10 mg" })).is_empty());
    let cheap = json!({ "title": "Dormivex tablets", "price": { "amount": "9", "currency": "EUR" } });
    assert_eq!(needs(cheap), ["form"]);
}

#[test]
fn languages_and_exceptions_are_told() {
    let french = explained(json!({ "title": "Dormivex 10 mg", "language": "fr" }));
    assert_eq!(french.outcome, Outcome::Elsewhere);
    assert!(french.condition.holds && french.elsewhere.unwrap().contains("in de, en; this one is in fr"));
    let book = explained(json!({ "title": "Dormivex 10 mg, a novel" }));
    assert_eq!((book.outcome, book.suppressed_by.as_deref()), (Outcome::Suppressed, Some("book")));
    let kept = explained(json!({ "title": "Dormivex novel, no prescription" }));
    assert_eq!(kept.outcome, Outcome::Hit);
    assert_eq!(kept.exceptions[0].kept_by, ["no_rx"]);
}

#[test]
fn coverage_names_what_no_test_defends() {
    let files = files();
    let loaded = loaded(&files);
    let found = coverage(&loaded.set, rule(&loaded), &Written::new(&files), &loaded.lists, None);
    let undefended: Vec<(&str, Option<usize>)> =
        found.undefended.iter().map(|part| (part.text.as_str(), part.line)).collect();
    assert_eq!(
        undefended,
        [
            ("slumbrol forte", Some(10)),
            ("somnazep", Some(11)),
            ("tablet", Some(18)),
            ("plush", Some(25)),
            ("name", Some(7)),
            ("no_rx or near(name, dose, 10) or price_eur < 20 and form", Some(7)),
            ("price_eur < 20 and form", Some(7)),
            ("price_eur < 20", Some(7)),
            ("form", Some(7)),
            ("not toy", Some(7)),
        ]
    );
    assert_eq!((found.words.defended, found.words.of), (4, 8));
    assert_eq!((found.exceptions.defended, found.exceptions.of), (2, 2));
}

fn corpus() -> Corpus {
    let line = |id: &str, title: &str, label: &str, seller: &str| {
        json!({ "id": id, "listing": { "title": title, "seller": { "name": seller } }, "label": label,
                "class": if label == "flag" { Some("medicine.sedative") } else { None } })
        .to_string()
    };
    let lines = [
        line("a", "Dormivex 10 mg", "flag", "one"),
        line("b", "Somnazepam 10 mg, no prescription", "flag", "two"),
        line("c", "Nachtruhe Dragees, Versand diskret", "flag", "three"),
        line("d", "Nachtruhe extra, Versand diskret", "flag", "four"),
        line("e", "Dormivex 10 mg pillow", "pass", "five"),
        line("f", "Kissen, Versand kostenlos", "pass", "six"),
        line("g", "Dormivex 10 mg, a novel", "pass", "seven"),
    ];
    let corpus = corpus::read_texts(&[("c.jsonl".to_owned(), lines.join("\n").into_bytes())]);
    assert!(corpus.problems.is_empty(), "{:?}", corpus.problems);
    corpus
}

#[test]
fn ablation_tells_what_earns_and_what_idles() {
    let files = files();
    let loaded = loaded(&files);
    let corpus = corpus();
    let found = ablate(&loaded.set, &[rule(&loaded)], &Written::new(&files), &loaded.lists, &corpus.entries);
    let found = &found[0];
    assert_eq!((found.right, found.wrong), (2, 1));
    let worth = |text: &str| found.parts.iter().find(|part| part.part.text == text).unwrap().worth;
    assert_eq!(worth("dormivex"), Worth::Earns);
    assert_eq!(worth("somnazep"), Worth::Earns);
    assert_eq!(worth("slumbrol forte"), Worth::Idle);
    assert_eq!(worth("book"), Worth::Earns);
    assert_eq!(worth("no prescription"), Worth::Tested);
    assert_eq!(worth("not toy"), Worth::Idle);
}

#[test]
fn suggestions_are_words_of_missed_listings_only() {
    let loaded = loaded(&files());
    let corpus = corpus();
    let table = HitTable::measure(&loaded.set, &corpus.entries);
    let found = suggest("medicine.sedative", &table, &corpus.entries, 2);
    let phrases: Vec<&str> = found.iter().map(|one| one.phrase.as_str()).collect();
    // "versand" is in a listing that passes.
    assert_eq!(phrases, ["diskret", "nachtruhe"]);
    assert_eq!(
        (found[0].missed, found[0].sellers, found[0].listings.as_slice()),
        (2, 2, &["c".into(), "d".into()][..])
    );
}

#[test]
fn terms_show_who_uses_them_and_where_they_occur() {
    let files = files();
    let loaded = loaded(&files);
    let found = terms(&[rule(&loaded)], &Written::new(&files), &loaded.lists, &corpus().entries);
    let stem = found.iter().find(|term| term.text == "somnazep").unwrap();
    assert_eq!((stem.flagged, stem.passed, stem.fold), (1, 0, "evasive"));
    assert_eq!(
        (stem.forms.as_slice(), stem.users.as_slice()),
        (&["somnazepam".to_owned()][..], &["med.sleepy.name".to_owned()][..])
    );
    let name = found.iter().find(|term| term.text == "dormivex").unwrap();
    assert_eq!((name.flagged, name.passed), (1, 2));
}

#[test]
fn overlapping_rules_are_found() {
    let mut files = files();
    let twin = RULE.replace("med.sleepy", "med.twin").replace("\"dormivex\", ", "");
    files.push(RuleFile::new("packs/medicines/med.twin.toml", twin.split("[[test]]").next().unwrap()));
    let loaded = loaded(&files);
    let table = HitTable::measure(&loaded.set, &corpus().entries);
    let pairs = overlaps(&table);
    assert_eq!(pairs.len(), 1);
    let pair = &pairs[0];
    assert_eq!((pair.rule.as_str(), pair.both, pair.contained), ("med.twin", 1, true));
    let alone: Vec<(&str, usize)> =
        unique(&table).into_iter().map(|one| (one.rule.leak() as &str, one.alone)).collect();
    assert_eq!(alone, [("med.sleepy", 2), ("med.twin", 0)]);
}

#[test]
fn a_rule_that_undoes_disguises_survives_more_of_them() {
    let evasive = loaded(&files());
    let plain = RULE.replace("fold   = \"evasive\"\n", "");
    let mut plain_files = files();
    plain_files[2] = RuleFile::new("packs/medicines/med.sleepy.toml", plain);
    let plain = loaded(&plain_files);
    let survival = |loaded: &Loaded| mutate(&loaded.set, rule(loaded), &[], Words::Telling);
    let (evasive, plain) = (survival(&evasive), survival(&plain));
    assert!(evasive.one.share() > 0.8, "{:#?}", evasive.missed);
    assert!(plain.one.share() < evasive.one.share());
    assert_eq!((evasive.positives, evasive.plain, plain.plain), (2, false, true));
    // The same twice.
    let again = mutate(&loaded(&files()).set, rule(&loaded(&files())), &[], Words::Telling);
    assert_eq!((again.one, again.two, again.missed), (evasive.one, evasive.two, evasive.missed));
    let spaced = plain.missed.iter().find(|missed| missed.evasion == "spaced").unwrap();
    assert_eq!((spaced.disguised.as_str(), spaced.lost[0].as_str()), ("D o r m i v e x", "name"));
}

#[test]
fn words_meet_ordinary_words() {
    let list = "format = 1\ntitle = \"L\"\nsource = \"t\"\nlicence = \"CC0-1.0\"\nchecked = 2026-11-24\nlangs = [\"de\"]\n\
                terms = [\"gift\", \"böse\"]\n";
    let rule = "format = 1\nid = \"med.x\"\ntitle = \"X\"\nstatus = \"trial\"\nclass = \"medicine.sedative\"\n\
                when = \"a or b or c\"\n[pat.a]\nlist = \"words\"\n[pat.b]\nterms = [\"oxa\"]\nbound = \"none\"\n\
                [pat.c]\nterms = [\"kooleo\"]\nfold = \"evasive\"\n";
    let mut files = files();
    files.push(RuleFile::new("lists/words.toml", list));
    files.push(RuleFile::new("packs/medicines/med.x.toml", rule));
    let loaded = loaded(&files);
    let of = |language: &str, words: &[&str]| Vocabulary {
        language: language.to_owned(),
        words: words.iter().map(|word| (*word).to_owned()).collect(),
    };
    let vocabularies = [of("de", &["Gift", "Bose", "Haus"]), of("en", &["gift", "boxart", "Koooleo"])];
    let rules: Vec<&Rule> = loaded.set.rules.iter().filter(|rule| rule.id == "med.x").collect();
    let found = collide(&rules, &Written::new(&files), &loaded.lists, &vocabularies);
    let met: Vec<(&str, Meeting, &str)> =
        found.iter().map(|one| (one.term.as_str(), one.how, one.language.as_str())).collect();
    assert_eq!(
        met,
        [
            ("kooleo", Meeting::FoldsTo, "en"),
            ("böse", Meeting::ButForAccents, "de"),
            ("oxa", Meeting::Inside, "en"),
            ("gift", Meeting::FalseFriend, "en"),
            ("gift", Meeting::Equal, "de"),
        ]
    );
    assert_eq!(words_of("de_DE.dic", "2\nHaus/Sab\nGift\tx\nab\n"), ["Haus", "Gift"]);
    let names =
        [("ngerman", Some("de")), ("pl_PL.dic", Some("pl")), ("fr.txt", Some("fr")), ("README", None)];
    for (name, language) in names {
        assert_eq!(language_of(name), language, "{name}");
    }
}

#[test]
fn a_session_tries_only_what_changed() {
    let mut session = Session::default();
    let mut files = files();
    files.push(RuleFile::new("packs/medicines/med.twin.toml", RULE.replace("med.sleepy", "med.twin")));
    let first = session.look(&files, "rules", None, |_| true).unwrap();
    assert_eq!((first.tried.len(), first.failures, first.errors), (2, 0, 0));
    assert!(session.look(&files, "rules", None, |_| true).is_none());
    let broken = RULE.replace("med.sleepy", "med.twin").replace("pass = {", "flag = {");
    files[3] = RuleFile::new("packs/medicines/med.twin.toml", broken);
    let second = session.look(&files, "rules", None, |_| true).unwrap();
    assert_eq!((second.tried.as_slice(), second.failures), (&["med.twin".to_owned()][..], 2));
    assert_eq!(second.changed, ["rules/packs/medicines/med.twin.toml"]);
    // What failed stays known while other files change.
    files[2] = RuleFile::new("packs/medicines/med.sleepy.toml", format!("{RULE}# more\n"));
    let third = session.look(&files, "rules", None, |_| true).unwrap();
    assert_eq!((third.tried.as_slice(), third.failures), (&["med.sleepy".to_owned()][..], 2));
}

#[test]
fn the_layout_is_one_and_keeps_what_is_said() {
    let messy = r#"
# About the rule.

format=1
id = 'med.x'   # its name
title   ="X"

status = "trial"
class = "medicine.sedative"
when = """
a and
  b"""
[pat.a]
# names
terms = ["one","two" , "three",]


fields=["title"]
[pat.b]
terms = [ "x", # why
  "y",

  # more
  "z" ]
# The test.
[[test]]
name="t"
flag = { title = "a # b" }


"#;
    let expected = r#"# About the rule.

format = 1
id     = 'med.x'  # its name
title  = "X"

status = "trial"
class  = "medicine.sedative"
when   = """
a and
  b"""

[pat.a]
# names
terms  = ["one", "two", "three"]

fields = ["title"]

[pat.b]
terms  = [
    "x",  # why
    "y",

    # more
    "z",
]

# The test.
[[test]]
name = "t"
flag = { title = "a # b" }
"#;
    let file = |text: &str| RuleFile::new("packs/medicines/med.x.toml", text);
    let laid_out = format(&file(messy)).unwrap();
    assert_eq!(laid_out, expected);
    assert_eq!(format(&file(&laid_out)).unwrap(), expected);
    assert_eq!(format(&file(&messy.replace('\n', "\r\n"))).unwrap().replace('\r', ""), expected);
}

#[test]
fn every_shipped_file_can_be_laid_out() {
    for file in embedded_packs().iter().filter(|file| has_layout(file)) {
        let laid_out = format(file).unwrap_or_else(|error| panic!("{}: {error}", file.path));
        let again = format(&RuleFile::new(file.path.clone(), laid_out.clone())).unwrap();
        assert_eq!(again, laid_out, "{}", file.path);
    }
}

/// Pieces of TOML files, sound ones and not, with everything that a layout could stumble over.
const PIECES: &[&str] = &[
    "a = 1\n",
    "b= \"x # no comment\" # comment\n",
    "c = 'it''s'\n",
    "d = [1,2 , 3]\n",
    "e = [\n\"a\", # c\n\n\n\"b\"]\n",
    "f = \"\"\"\n# not a comment\n  [x]\n\"\"\"\n",
    "g = '''a''''\n",
    "h = { x = [1, 2], y = \"}\" }\n",
    "\n",
    "\n\n",
    "# comment\n",
    "  # indented\r\n",
    "[t1]\n",
    "[t2] # here\n",
    "[[t3]]\n",
    "\"quoted key\" = 1\n",
    "i.j = true\n",
    "k = [ [1], [2] ]\n",
    "l = [{ a = 1 }, { b = 2 }]\n",
    "m = 2026-11-24\n",
    "n = []\n",
    "o = [ # empty\n]\n",
    "p = \"\\\"\\\\\"\n",
    "q = [\"a\\\"b\", 'c,d']\r\n",
    "\t r = -1.5e3 \t\n",
    "ä = 1\n",
    "s = \"ünï\" #\n",
    "t = ''\n",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn laying_out_is_idempotent_and_keeps_the_meaning(choice in prop::collection::vec(0..PIECES.len(), 0..14), list in any::<bool>()) {
        let text: String = choice.iter().map(|place| PIECES[*place]).collect();
        let path = if list { "lists/x.toml" } else { "packs/p/x.toml" };
        // Two keys alike are no TOML; `format` says so, and nothing is lost.
        if let Ok(laid_out) = format(&RuleFile::new(path, text.clone())) {
            let again = format(&RuleFile::new(path, laid_out.clone())).unwrap();
            prop_assert_eq!(&again, &laid_out, "{:?}", text);
            let count = |text: &str| text.matches("# c").count();
            prop_assert_eq!(count(&text), count(&laid_out));
        } else {
            prop_assert!(toml::from_str::<toml::Table>(&text).is_err(), "{text:?} is sound and cannot be laid out");
        }
    }
}

/// A workspace whose rules folder holds the rule of these tests.
fn workspace(folder: &Path) {
    for file in files() {
        let path = folder.join("rules").join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.text.unwrap()).unwrap();
    }
    fs::write(folder.join("caveat.toml"), "operator = \"t\"\ncontact = \"t@example.org\"\n").unwrap();
    fs::create_dir_all(folder.join("corpus")).unwrap();
    let lines: Vec<String> = corpus()
        .entries
        .iter()
        .map(|entry| {
            json!({ "id": entry.id, "listing": entry.listing, "label": entry.label, "class": entry.class })
                .to_string()
        })
        .collect();
    fs::write(folder.join("corpus/c.jsonl"), lines.join("\n") + "\n").unwrap();
}

#[test]
fn every_command_speaks_to_people_and_to_programs() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    workspace(here);
    fs::create_dir(here.join("words")).unwrap();
    fs::write(here.join("words/en.txt"), "novel\nplush\nhouse\n").unwrap();
    let commands: &[&[&str]] = &[
        &["rules", "test", "--coverage"],
        &["rules", "explain", "med.sleepy", "Dormivex 10 mg"],
        &["rules", "explain", "med.sleepy", "corpus/c.jsonl:2"],
        &["rules", "explain", "med.sleepy", "corpus/c.jsonl:g"],
        &["rules", "explain", "med", "test:book"],
        &["rules", "explain", "med.sleepy", r#"{"title":"Dormovex"}"#],
        &["rules", "terms"],
        &["rules", "overlap"],
        &["rules", "ablate"],
        &["rules", "mutate"],
        &["rules", "mutate", "--all-words", "--rule", "med.sleepy"],
        &["rules", "collide", "--words", "words", "--all"],
        &["rules", "profile"],
        &["rules", "suggest"],
        &["rules", "check"],
        &["rules", "fmt", "--check"],
    ];
    for command in commands {
        let said = run(here, command);
        succeed(&said);
        assert!(!out(&said).contains('\u{1b}'), "{command:?}: colours in a pipe");
        let json: Vec<&str> = command.iter().copied().chain(["--json"]).collect();
        json_lines(&succeed(&run(here, &json)));
    }
    let said = out(&run(here, &["rules", "explain", "med.sleepy", r#"{"title":"Dormovex 10 mg"}"#]));
    for wanted in ["NOT FLAGGED", "it would with name", "“Dormovex” in title is 1 letter away", "~~~~~~~~"]
    {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let hostile =
        out(&run(here, &["rules", "explain", "med.sleepy", r#"{"title":"Dormivex \u001b[2J 10 mg"}"#]));
    assert!(hostile.contains("\\u{1b}") && !hostile.contains('\u{1b}'), "{hostile}");
}

#[test]
fn wrong_questions_get_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    workspace(here);
    let cases: &[(&[&str], &str)] = &[
        (&["rules", "explain", "med.sleppy", "x"], "did you mean med.sleepy?"),
        (&["rules", "explain", "med.sleepy", "nowhere/x.jsonl"], "there is no file"),
        (&["rules", "explain", "med.sleepy", "corpus/c.jsonl"], "say which one"),
        (&["rules", "explain", "med.sleepy", "corpus/c.jsonl:99"], "there is no listing at"),
        (&["rules", "explain", "med.sleepy", "test:nothing"], "there are: offer"),
        (&["rules", "explain", "med.sleepy", "{}"], "this is no listing"),
        (&["rules", "new", "x", "--class", "medicine.sedativ"], "did you mean medicine.sedative?"),
        (&["rules", "new", "med.sleepy", "--class", "medicine.sedative"], "already"),
        (&["rules", "new", "../x", "--class", "medicine.sedative"], "is no id"),
        (&["rules", "new", "med.y", "--class", "medicine.sedative", "--pack", "goods"], "there is no pack"),
        (&["rules", "collide", "--words", "nowhere"], "there is no nowhere"),
        (&["rules", "ablate", "--rule", "nobody"], "is called \"nobody\""),
    ];
    for (command, said) in cases {
        let output = run(here, command);
        assert_eq!(output.status.code(), Some(2), "{command:?}: {}", err(&output));
        assert!(err(&output).contains(said), "{command:?}: {}", err(&output));
    }
    // The packs inside the program cannot be written to.
    let empty = tempfile::tempdir().unwrap();
    for command in
        [&["rules", "fmt"][..], &["rules", "new", "x", "--class", "medicine.sedative"], &["rules", "watch"]]
    {
        let output = run(empty.path(), command);
        assert_eq!(output.status.code(), Some(2), "{command:?}");
        assert!(err(&output).contains("caveat init"), "{}", err(&output));
    }
}

#[test]
fn a_new_rule_is_sound_from_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    workspace(here);
    let path = succeed(&run(here, &["rules", "new", "med.fresh", "--class", "medicine.sedative"]));
    assert_eq!(path.trim(), "rules/packs/medicines/med.fresh.toml");
    // A draft may wait to be filled in; whoever puts it on trial as it is hears of it.
    let said = run(here, &["rules", "check", "--rule", "med.fresh"]);
    let text = succeed(&said);
    assert!(text.contains("warning[placeholder]"), "{text}");
    assert!(!text.contains("error["), "{text}");
    let file = here.join(path.trim());
    let skeleton = fs::read_to_string(&file).unwrap();
    fs::write(&file, skeleton.replace("\"draft\"", "\"trial\"")).unwrap();
    let said = run(here, &["rules", "check", "--rule", "med.fresh"]);
    assert_eq!(said.status.code(), Some(1));
    assert!(out(&said).contains("error[placeholder]"), "{}", out(&said));
    let filled = skeleton.replace("\"draft\"", "\"trial\"").replace("REPLACE ", "quiet");
    fs::write(&file, filled).unwrap();
    let text = succeed(&run(here, &["rules", "check", "--rule", "med.fresh"]));
    assert_eq!(text, "", "a filled-in skeleton has nothing wrong with it");
}

#[test]
fn check_and_fmt_agree_and_pipelines_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    workspace(here);
    let file = here.join("rules/packs/medicines/med.sleepy.toml");
    let broken = RULE.replace("id     = ", "id = ").replace("Dormivex 10 mg\" }", "Dormivix 10 mg\" }");
    fs::write(&file, &broken).unwrap();
    let said = run(here, &["rules", "check"]);
    assert_eq!(said.status.code(), Some(1));
    let text = out(&said);
    assert!(text.contains("error[layout] rules/packs/medicines/med.sleepy.toml:2:1"), "{text}");
    assert!(text.contains("error[test-not-flagged]") && text.contains("test \"offer\""), "{text}");
    let formats = [
        ("junit", "<testcase classname=\"rules check.test\" name=\"med.sleepy: offer\""),
        ("sarif", "\"ruleId\": \"test-not-flagged\""),
        ("github", "::error file=rules/packs/medicines/med.sleepy.toml,line=2,col=1,title=layout "),
        ("markdown", "| **fails** | test med.sleepy: offer |"),
    ];
    for (format, wanted) in formats {
        let said = run(here, &["rules", "check", "--format", format]);
        assert_eq!(said.status.code(), Some(1), "{format}");
        assert!(out(&said).contains(wanted), "{format}: {}", out(&said));
    }
    assert_eq!(run(here, &["rules", "fmt", "--check"]).status.code(), Some(1));
    assert_eq!(fs::read_to_string(&file).unwrap(), broken, "--check changes nothing");
    assert_eq!(succeed(&run(here, &["rules", "fmt"])).trim(), "rules/packs/medicines/med.sleepy.toml");
    assert!(fs::read_to_string(&file).unwrap().contains("id     = \"med.sleepy\""));
    succeed(&run(here, &["rules", "fmt", "--check"]));
}

#[test]
fn the_workbench_in_the_docs_runs_as_it_stands() {
    let docs = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md")).unwrap();
    let section = docs.split("\n## The workbench\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    succeed(&run(here, &["init"]));
    let line = |id: &str, title: &str, label: &str, class: Option<&str>| {
        json!({ "id": id, "listing": { "title": title }, "label": label, "class": class }).to_string()
    };
    let lines = [
        line("a", "Viagra 100 mg ohne Rezept", "flag", Some("medicine.erectile")),
        line("b", "Blaue Pille für den Mann", "flag", Some("medicine.erectile")),
        line("c", "Wooden blocks", "pass", None),
    ];
    fs::create_dir_all(here.join("corpus")).unwrap();
    fs::write(here.join("corpus/own.jsonl"), lines.join("\n") + "\n").unwrap();
    let mut ran = 0;
    for command in section.lines().filter_map(|line| line.strip_prefix("    caveat ")) {
        let words = words(command);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        // The draft that `new` writes waits to be filled in, which is no error.
        let output = run(here, &words);
        assert_eq!(output.status.code(), Some(0), "{command}: {}{}", out(&output), err(&output));
        ran += 1;
    }
    assert!(ran > 15, "{ran} commands in the section");
}

/// The words of a command as a shell reads them, as far as the docs use its quotation marks.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = command.trim();
    while !rest.is_empty() {
        let (word, after) = match rest.chars().next().filter(|first| "'\"".contains(*first)) {
            Some(mark) => rest[1..].split_once(mark).unwrap(),
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    words
}
