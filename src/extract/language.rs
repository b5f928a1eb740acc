//! The language of the listing's own text, weighed with what the page declares.

use url::Url;
use whatlang::{Detector, Lang, Script};

/// Text looked at: enough for certainty, and bounded.
const TEXT_MAX: usize = 4000;
/// Below this many letters the declared language is believed unless the script contradicts it.
const CERTAIN_LETTERS: usize = 60;

/// BCP 47 primary subtag of `text`, on a page that declares `declared` and shows `around` it; `None` where neither text
/// nor declaration tells.
pub(super) fn detect(text: &str, around: &str, declared: Option<&str>) -> Option<String> {
    let sample: String = text.chars().take(TEXT_MAX).collect();
    let declared = declared.map(primary).filter(|code| !code.is_empty());
    let letters = sample.chars().filter(|c| c.is_alphabetic()).count();
    let Some(info) = Detector::new().detect(&sample).filter(|_| letters > 2) else { return declared };
    let found = short(info.lang());
    let Some(declared) = declared else {
        return alone(&sample, letters).or_else(|| {
            // A bare name says little; the page around it says the rest.
            let more: String = format!("{sample}. {around}").chars().take(TEXT_MAX).collect();
            let letters = more.chars().filter(|c| c.is_alphabetic()).count();
            alone(&more, letters)
        });
    };
    if same(&declared, found) {
        return Some(declared);
    }
    // English names and data sheets stand on pages of all languages: they do not make the page English.
    if found == "en" && alone(around, CERTAIN_LETTERS).is_none_or(|page| same(&page, &declared)) {
        return Some(declared);
    }
    let expected = Lang::all().iter().copied().find(|lang| same(&declared, short(*lang)));
    let Some(expected) = expected else {
        // whatlang does not know the declared language: its neighbour is no contradiction.
        return Some(
            if info.is_reliable() && letters >= 4 * CERTAIN_LETTERS && different_script(&sample, &declared) {
                found.to_owned()
            } else {
                declared
            },
        );
    };
    // Could the text be the declared language at all? Restrict the choice to the two.
    let pair = Detector::with_allowlist(vec![expected, info.lang()]).detect(&sample);
    let sure = pair.is_some_and(|pair| pair.lang() == info.lang() && pair.confidence() > 0.5);
    // Latin names stand in all scripts; another script stands there on purpose.
    let other_script = info.script() != Script::Latin && different_script(&sample, &declared);
    if other_script && letters >= 8 || (sure && info.is_reliable() && letters >= CERTAIN_LETTERS) {
        return Some(found.to_owned());
    }
    Some(declared)
}

/// The language that a text tells by itself: its script belongs to one language, or it is long and clear enough.
fn alone(text: &str, letters: usize) -> Option<String> {
    let info = Detector::new().detect(text)?;
    let shared =
        matches!(info.script(), Script::Latin | Script::Cyrillic | Script::Arabic | Script::Devanagari);
    let sure = if shared { letters >= CERTAIN_LETTERS && info.is_reliable() } else { letters >= 4 };
    sure.then(|| short(info.lang()).to_owned())
}

/// The language that an address names: `?lang=en`, `/de-at/…`, `/fr/…`.
pub(super) fn of_address(url: &Url) -> Option<String> {
    let known = |tag: &str| {
        let code = primary(tag);
        let sound =
            tag.len() == 2 || tag.len() == 5 && tag.get(2..3).is_some_and(|dash| matches!(dash, "-" | "_"));
        (sound && Lang::all().iter().any(|lang| short(*lang) == code)).then(|| tag.to_owned())
    };
    let named = url
        .query_pairs()
        .filter(|(name, _)| matches!(name.as_ref(), "lang" | "language" | "locale" | "hl" | "lng"))
        .find_map(|(_, value)| known(&value));
    named.or_else(|| known(url.path_segments()?.next()?))
}

/// The language part of a tag, lower case, old codes replaced; empty where it is none.
pub(super) fn primary(tag: &str) -> String {
    let code = tag.trim().split(['-', '_', ',', ' ', ';']).next().unwrap_or("").to_ascii_lowercase();
    match code.as_str() {
        "iw" => "he".to_owned(),
        "in" => "id".to_owned(),
        "ua" => "uk".to_owned(),
        "cz" => "cs".to_owned(),
        "gr" => "el".to_owned(),
        "dk" => "da".to_owned(),
        "no" | "nn" => "nb".to_owned(),
        "jp" => "ja".to_owned(),
        _ if (2..=3).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase()) => code,
        _ => String::new(),
    }
}

fn same(a: &str, b: &str) -> bool {
    let family = |code: &str| match code {
        "nb" | "nn" | "no" => "no".to_owned(),
        "sr" | "hr" | "bs" | "sh" => "sh".to_owned(),
        "id" | "ms" => "id".to_owned(),
        other => other.to_owned(),
    };
    family(a) == family(b)
}

fn different_script(text: &str, declared: &str) -> bool {
    let script = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' => 'L',
        '\u{400}'..='\u{52F}' => 'C',
        '\u{370}'..='\u{3FF}' => 'G',
        '\u{590}'..='\u{5FF}' => 'H',
        '\u{600}'..='\u{6FF}' => 'A',
        '\u{3040}'..='\u{30FF}' => 'J',
        '\u{4E00}'..='\u{9FFF}' => 'Z',
        '\u{AC00}'..='\u{D7AF}' => 'K',
        '\u{E00}'..='\u{E7F}' => 'T',
        _ => ' ',
    };
    let expected = match declared {
        "ru" | "uk" | "bg" | "be" | "mk" | "kk" | "mn" => "C",
        "sr" => "CL",
        "el" => "G",
        "he" | "yi" => "H",
        "ar" | "fa" | "ur" | "ps" => "A",
        "ja" => "JZ",
        "zh" => "Z",
        "ko" => "K",
        "th" => "T",
        _ => "L",
    };
    let (mut fits, mut other) = (0_usize, 0_usize);
    for found in text.chars().map(script).filter(|s| *s != ' ') {
        if expected.contains(found) {
            fits += 1;
        } else {
            other += 1;
        }
    }
    // Brand and model names are Latin everywhere.
    other > fits * 2 && (expected == "L" || other > fits * 10)
}

/// ISO 639-1 where there is one.
fn short(lang: Lang) -> &'static str {
    match lang {
        Lang::Epo => "eo",
        Lang::Eng => "en",
        Lang::Rus => "ru",
        Lang::Cmn => "zh",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Ben => "bn",
        Lang::Fra => "fr",
        Lang::Deu => "de",
        Lang::Ukr => "uk",
        Lang::Kat => "ka",
        Lang::Ara => "ar",
        Lang::Hin => "hi",
        Lang::Jpn => "ja",
        Lang::Heb => "he",
        Lang::Yid => "yi",
        Lang::Pol => "pl",
        Lang::Amh => "am",
        Lang::Jav => "jv",
        Lang::Kor => "ko",
        Lang::Nob => "nb",
        Lang::Dan => "da",
        Lang::Swe => "sv",
        Lang::Fin => "fi",
        Lang::Tur => "tr",
        Lang::Nld => "nl",
        Lang::Hun => "hu",
        Lang::Ces => "cs",
        Lang::Ell => "el",
        Lang::Bul => "bg",
        Lang::Bel => "be",
        Lang::Mar => "mr",
        Lang::Kan => "kn",
        Lang::Ron => "ro",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Tam => "ta",
        Lang::Vie => "vi",
        Lang::Urd => "ur",
        Lang::Tha => "th",
        Lang::Guj => "gu",
        Lang::Uzb => "uz",
        Lang::Pan => "pa",
        Lang::Aze => "az",
        Lang::Ind => "id",
        Lang::Tel => "te",
        Lang::Pes => "fa",
        Lang::Mal => "ml",
        Lang::Ori => "or",
        Lang::Mya => "my",
        Lang::Nep => "ne",
        Lang::Sin => "si",
        Lang::Khm => "km",
        Lang::Tuk => "tk",
        Lang::Sna => "sn",
        Lang::Afr => "af",
        Lang::Cat => "ca",
        Lang::Slk => "sk",
        Lang::Hye => "hy",
        Lang::Cym => "cy",
        Lang::Lat => "la",
        Lang::Tgl => "tl",
        Lang::Zul => "zu",
        Lang::Aka => "ak",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_declaration_are_weighed() {
        let german = "Hochdruckreiniger mit verstellbarem Strahlrohr für die Reinigung von Terrassen, Fahrzeugen und \
                      Gartenmöbeln; mit Schlauchtrommel und praktischem Zubehörfach";
        for (text, declared, expected) in [
            (german, Some("en-US"), Some("de")),
            (german, Some("de-AT"), Some("de")),
            (
                "Hose tee barb connector for irrigation plumbing, plastic, twenty pieces in a pack",
                Some("fr"),
                Some("fr"),
            ),
            (german, None, Some("de")),
            ("Nikon D750", Some("sv"), Some("sv")),
            ("Набор стаканов и тарелок Octime с доставкой по всей России", Some("en"), Some("ru")),
            ("Hanwo XR-7150 Sonata", Some("el"), Some("el")),
            ("LG OLED55", None, None),
            ("Sildenafil 100 mg", None, None),
            ("Samsung Galaxy Watch Active", None, None),
            ("Κόκκινη μπάλα", None, Some("el")),
            ("赤いボール", None, Some("ja")),
            ("", Some("iw"), Some("he")),
        ] {
            assert_eq!(detect(text, "", declared).as_deref(), expected, "{text} {declared:?}");
        }
        let around =
            "Produkt Preis Lieferung in drei Werktagen, Rückgabe innerhalb von dreißig Tagen möglich";
        assert_eq!(detect("Sildenafil 100 mg", around, None).as_deref(), Some("de"));
    }

    #[test]
    fn an_address_names_its_language() {
        for (url, expected) in [
            ("https://a.example/p.php?id=3&lang=en", Some("en")),
            ("https://a.example/de-at/ball", Some("de-at")),
            ("https://a.example/fr/ballon", Some("fr")),
            ("https://a.example/xx/ball", None),
            ("https://a.example/p/ball", None),
        ] {
            assert_eq!(of_address(&url.parse().unwrap()).as_deref(), expected, "{url}");
        }
    }
}
