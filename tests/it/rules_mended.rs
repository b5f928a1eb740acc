//! `rules lint --fix`: what it mends, what it leaves, and that a rule finds the same before and after.

use caveat::document::code;
use caveat::finding::Hit;
use caveat::listing::Listing;
use caveat::matcher::Matcher;
use caveat::rules::folder::RuleFile;
use caveat::workbench::fix::fix;
use caveat::workbench::lint::lint;
use proptest::prelude::*;

const TAXONOMY: &str = "format = 1\n[class.\"medicine.erectile\"]\nseverity = \"high\"\nauthority = \"medicines\"\ntitle = { en = \"x\" }\n";
const PACK: &str = "format = 1\ntitle = \"m\"\ndescription = \"m\"\n";
const LIST_HEAD: &str = "format = 1\ntitle = \"Names\"\nsource = \"test\"\nlicence = \"CC0-1.0\"\n";

fn rule(body: &str) -> String {
    format!(
        "# A rule of its own.\nformat = 1\nid     = \"med.x\"   # the name\ntitle  = \"X\"\nstatus = \"draft\"\nclass  = \"medicine.erectile\"\n{body}"
    )
}

fn folder(rule: &str, list: &str) -> Vec<RuleFile> {
    vec![
        RuleFile::new("lists/names.toml", format!("{LIST_HEAD}{list}")),
        RuleFile::new("packs/m/med.x.toml", rule),
        RuleFile::new("packs/m/pack.toml", PACK),
        RuleFile::new("taxonomy.toml", TAXONOMY),
    ]
}

/// The files after mending, and the codes that are left.
fn mended(files: &[RuleFile]) -> (Vec<RuleFile>, Vec<&'static str>) {
    let mut after = files.to_vec();
    fix(&mut after, "", None, |_| true);
    let left = lint(&after, "", None).diagnostics.iter().map(|one| one.code).collect();
    (after, left)
}

fn text(files: &[RuleFile], path: &str) -> String {
    let file = files.iter().find(|file| file.path == path).unwrap();
    String::from_utf8(file.text.clone().unwrap()).unwrap()
}

fn hits(files: &[RuleFile], titles: &[&str]) -> Vec<Vec<Hit>> {
    let loaded = lint(files, "", None);
    let (matcher, errors) = Matcher::compile_with(&loaded.set, true);
    assert!(errors.is_empty(), "{errors:?}");
    let listing = |title: &&str| Listing { title: (*title).to_owned(), ..Listing::default() };
    titles.iter().map(|title| matcher.hits(&listing(title), None)).collect()
}

#[test]
fn slips_are_mended_and_comments_and_layout_stay() {
    let before = rule(
        "when   = \"2 of (drug, drug, dose)\"\nallow  = [{ lint = \"short-term\", why = \"no longer\" }, { lint = \"mixed-script\", why = \"deliberate\" }]\n\n\
         [pat.drug]\nlist  = \"names\"\nterms = [\n  \"viagra\",        # the original\n  \"Viagra\",\n  \" padded \", \"cia\\u200Blis\",\n  \"kamagra\",       # stands in the list, too\n  \"vіagra\",\n  \"viagra\"\n]\n\
         [pat.dose]\nregex = '\\d+ mg'\n",
    );
    let expected = rule(
        "when   = \"2 of (drug, dose)\"\nallow  = [{ lint = \"mixed-script\", why = \"deliberate\" }]\n\n\
         [pat.drug]\nlist  = \"names\"\nterms = [\n  \"viagra\",        # the original\n  \"padded\", \"cialis\",\n  # stands in the list, too\n  \"vіagra\"\n]\n\
         [pat.dose]\nregex = '\\d+ mg'\n",
    );
    let files = folder(&before, "terms = [\"kamagra\", \"levitra\", \"Levitra\", \"kamagra \"] # names\n");
    let (after, left) = mended(&files);
    assert_eq!(text(&after, "packs/m/med.x.toml"), expected);
    assert_eq!(
        text(&after, "lists/names.toml"),
        format!("{LIST_HEAD}terms = [\"kamagra\", \"levitra\"] # names\n")
    );
    assert_eq!(left, [""; 0]);
    let titles =
        ["Viagra 100 mg", "Kamagra", "cialis 5 mg and viagra", "padded 5 mg", "levitra 7 mg", "tea 5 mg"];
    assert_eq!(hits(&files, &titles), hits(&after, &titles));
}

#[test]
fn what_would_change_a_rule_is_left_to_its_author() {
    for (body, left) in [
        // Spaces and invisible characters count where nothing is folded.
        (
            "when = \"drug\"\n[pat.drug]\nterms = [\" viagra\", \"cia\\u200Blis\", \"Viagra\", \"VIAGRA\"]\nfold = \"exact\"\n",
            vec![code::PADDED_TERM, code::INVISIBLE_CHARACTER],
        ),
        (
            "when = \"drug\"\n[pat.drug]\nregex = 'via\u{200b}gra'\n",
            vec![code::REGEX_LISTS_WORDS, code::INVISIBLE_CHARACTER],
        ),
        ("when = \"drug\"\n[pat.drug]\nterms = [\"x\"]\nbound = \"none\"\n", vec![code::SHORT_TERM]),
        ("when = \"drug\"\n[pat.drug]\nregex = '\\bone|other\\b'\n", vec![code::ANCHOR_BINDS_ONE]),
        ("when = \"drug or not drug\"\n[pat.drug]\nterms = [\"viagra\"]\n", vec![code::ALWAYS_TRUE]),
    ] {
        let list = "allow = [{ lint = \"unused-list\", why = \"for searches\" }]\nterms = [\"viagra\"]\n";
        let files = folder(&rule(body), list);
        let (after, found) = mended(&files);
        assert_eq!(found, left, "{body}");
        assert_eq!(text(&after, "packs/m/med.x.toml"), rule(body));
    }
    // A list that one pattern looks for as typed keeps its spellings.
    let list = "terms = [\"viagra\", \"VIAGRA\"]\n";
    let both = "when = \"a or b\"\n[pat.a]\nlist = \"names\"\n[pat.b]\nlist = \"names\"\nfold = \"exact\"\n";
    let (after, found) = mended(&folder(&rule(both), list));
    assert_eq!(found, [code::SAME_AFTER_FOLDING]);
    assert_eq!(text(&after, "lists/names.toml"), format!("{LIST_HEAD}{list}"));
}

proptest! {
    #[test]
    fn mending_ends_clean_and_finds_the_same(words in proptest::collection::vec("viagra|Viagra|VIAGRA| viagra|viagra |via\u{200b}gra|vía-gra|cialis|c i|no rx|no-rx|no_rx|伟哥|книга", 1..12), lines in any::<bool>(), comma in any::<bool>()) {
        let join = if lines { ",\n  " } else { ", " };
        let list: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let terms = format!("{}{}", list.join(join), if comma { "," } else { "" });
        let body = format!("when = \"drug\"\n[pat.drug]\nterms = [{terms}] # kept\nfold = \"evasive\"\n");
        let list = "allow = [{ lint = \"unused-list\", why = \"for searches\" }]\nterms = [\"viagra\"]\n";
        let files = folder(&rule(&body), list);
        let (after, left) = mended(&files);
        prop_assert_eq!(left, [""; 0], "{}", text(&after, "packs/m/med.x.toml"));
        prop_assert!(text(&after, "packs/m/med.x.toml").contains("# kept"));
        let titles = ["V1agra", "viagra no rx", "no - rx", "C I", "伟哥x", "Книга", "v i a g r a", "tea"];
        prop_assert_eq!(hits(&files, &titles), hits(&after, &titles));
    }
}
