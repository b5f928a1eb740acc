//! Folding: what the views hold, and the way back to the seller's own bytes.

use caveat::normalise::disguise::{Disguise, DisguisedTerm, Vocabulary};
use caveat::normalise::tricks::{Trick, undone_by_standard};
use caveat::normalise::{Folded, fold_term, is_unbounded, is_word, words};
use proptest::prelude::*;

#[test]
fn standard_view() {
    let cases = [
        ("VIAGRA", "viagra"),
        ("ＶＩＡＧＲＡ　１００", "viagra 100"),
        ("𝗩𝗶𝗮𝗴𝗿𝗮 𝟙𝟘𝟘", "viagra 100"),
        ("ⓥⓘⓐⓖⓡⓐ 🅥🅘🅐", "viagra via"),
        ("Víàgrâ", "viagra"),
        ("Vi\u{301}a\u{300}gra\u{302}", "viagra"),
        ("Z\u{300}\u{301}\u{302}\u{303}\u{304}algo", "zalgo"),
        ("Vi\u{200b}a\u{200d}g\u{feff}ra", "viagra"),
        ("Vi\u{ad}agra", "viagra"),
        ("\u{202e}Vi\u{2066}agra\u{2069}", "viagra"),
        ("Vi\u{8}agra", "viagra"),
        ("a\t\n\r\u{a0}\u{2003} b", "a b"),
        ("İstanbul ISPARTA ısı", "istanbul isparta isi"),
        ("ΟΔΟΣ οδός", "οδοσ οδοσ"),
        ("Straße STRASSE", "strasse strasse"),
        ("ﬁne ﬂu", "fine flu"),
        ("Ёлка ВИА\u{301}ГРА", "елка виагра"),
        ("йод ИОД и\u{306}од", "йод иод йод"),
        ("Їжак і\u{308}жак", "їжак їжак"),
        ("が か\u{3099} ｶﾞ", "が が ガ"),
        ("\u{1112}\u{1161}\u{11ab} 한", "한 한"),
        ("ज\u{93c} \u{95b}", "ज\u{93c} ज\u{93c}"),
        ("ที\u{e48}", "ที\u{e48}"),
        ("מְדַבֵּר", "מדבר"),
        ("أَسْعَار ســعر", "اسعار سعر"),
        ("ا\u{654} و\u{654}", "ا ؤ"),
        ("٣٤ १२ ８", "34 12 8"),
        ("don’t “do” — it", "don't \"do\" - it"),
        ("1️⃣", "1"),
        ("&#118;iagra &#x56;&#X69;agra", "viagra viagra"),
        ("V&iacute;agra&nbsp;100 &lt;3", "viagra 100 <3"),
        ("&amp;#118;iagra &amp;amp;amp;", "viagra &"),
        ("AT&T; R&D", "at&t; r&d"),
        ("Vi<b>ag</b>ra", "viagra"),
        ("Vi<span style=\"x\">ag</span>ra<br/>now", "viagra now"),
        ("price <30 or >20 <unknown>x", "price <30 or >20 <unknown>x"),
        ("&lt;b&gt;bold&lt;/b&gt;", "bold"),
        ("", ""),
    ];
    for (text, expected) in cases {
        assert_eq!(Folded::new(text).text(), expected, "{text:?}");
    }
}

#[test]
fn spans_are_what_a_person_would_mark() {
    let cases = [
        ("Buy Víàgrá now", "viagra", "Víàgrá"),
        ("Buy Vi\u{301}agra\u{301}\u{302} now", "viagra", "Vi\u{301}agra\u{301}\u{302}"),
        ("\u{200b}Vi\u{200b}agra\u{200b} now", "viagra", "Vi\u{200b}agra"),
        ("Straße 1", "strasse", "Straße"),
        ("the ﬁne one", "fine", "ﬁne"),
        ("x &#118;iagra y", "viagra", "&#118;iagra"),
        ("x Vi<b>ag</b>ra y", "viagra", "Vi<b>ag</b>ra"),
        ("  a   b  ", "a b", "a   b"),
        ("ｶﾞ", "ガ", "ｶﾞ"),
        ("И ИОД и\u{306}од", "йод", "и\u{306}од"),
        ("Ĳssel", "ij", "Ĳ"),
    ];
    for (text, wanted, expected) in cases {
        let folded = Folded::new(text);
        let at = folded.text().find(wanted).unwrap_or_else(|| panic!("{wanted:?} in {:?}", folded.text()));
        assert_eq!(&text[folded.original_span(at..at + wanted.len())], expected, "{text:?}");
    }
}

#[test]
fn words_and_their_scripts() {
    let cut = |text: &str| {
        let mut found = Vec::new();
        words::cut(text, &mut found);
        found.iter().map(|word| text[word.start as usize..word.end as usize].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(cut("no-prescription, b12 ø!"), ["no", "prescription", "b12", "ø"]);
    assert_eq!(cut("iphone手机 viagra_100"), ["iphone", "手机", "viagra", "100"]);
    assert_eq!(cut("©®™ — "), [""; 0]);
    assert!(
        is_word('ß') && is_word('д') && is_word('7') && is_word('\u{e48}') && !is_word('_') && !is_word('·')
    );
    assert!(is_unbounded('手') && is_unbounded('ท') && is_unbounded('한') && !is_unbounded('д'));
}

/// What cutting eight bytes at a time must agree with: letter by letter.
fn cut_by_letter(text: &str) -> Vec<(usize, usize, u8)> {
    let mut found: Vec<(usize, usize, Vec<char>)> = Vec::new();
    for (at, letter) in text.char_indices().filter(|(_, letter)| is_word(*letter)) {
        let end = at + letter.len_utf8();
        match found.last_mut() {
            Some((_, last, letters)) if *last == at && is_unbounded(letters[0]) == is_unbounded(letter) => {
                *last = end;
                letters.push(letter);
            }
            _ => found.push((at, end, vec![letter])),
        }
    }
    let made_of = |letters: &[char]| {
        let any = |flag: u8, test: fn(&char) -> bool| if letters.iter().any(test) { flag } else { 0 };
        let triple = letters.windows(3).any(|three| three[0] == three[1] && three[1] == three[2]);
        any(words::LETTER, char::is_ascii_alphabetic)
            | any(words::DIGIT, char::is_ascii_digit)
            | any(words::WIDE, |letter| !letter.is_ascii())
            | if triple { words::TRIPLE } else { 0 }
            | if letters.len() == 1 { words::SINGLE } else { 0 }
    };
    found.into_iter().map(|(start, end, letters)| (start, end, made_of(&letters))).collect()
}

/// The tricks by which `text` holds the term, if it holds it in disguise; with the marked text.
fn disguised(text: &str, term: &str) -> Option<(String, String)> {
    let folded = Folded::new(text);
    let mut cut = Vec::new();
    words::cut(folded.text(), &mut cut);
    let vocabulary = Vocabulary::new([fold_term(term).as_str()].into_iter(), false);
    let term = DisguisedTerm::new(&fold_term(term)).unwrap();
    let mut disguise = Disguise::default();
    disguise.read(&folded, text, &cut, &vocabulary);
    let mut best = None;
    disguise.windows(term.words(), |window| {
        if term.key_hashes().contains(&window.key_hash)
            && let Some(found) = disguise.is_term(window, &term)
        {
            let span = folded.original_span(found.start as usize..found.end as usize);
            let tricks = found.tricks.union(undone_by_standard(&text[span.clone()], false));
            let names: Vec<&str> = tricks.iter().map(Trick::name).collect();
            best = Some((text[span].to_owned(), names.join("+")));
        }
    });
    best
}

#[test]
fn disguised_words() {
    let cases = [
        ("buy V і a g r a 100mg", "viagra", "V і a g r a", "look-alike+spacing"),
        ("buy V.i.a.g.r.a!", "viagra", "V.i.a.g.r.a", "spacing"),
        ("V-i-a-g-r-a", "viagra", "V-i-a-g-r-a", "spacing"),
        ("V_i_a_g_r_a", "viagra", "V_i_a_g_r_a", "spacing"),
        ("V*i*a*g*r*a", "viagra", "V*i*a*g*r*a", "spacing"),
        ("V|i|a|g|r|a", "viagra", "V|i|a|g|r|a", "spacing"),
        ("V🔥i🔥a🔥g🔥r🔥a", "viagra", "V🔥i🔥a🔥g🔥r🔥a", "spacing"),
        ("⒱⒤⒜⒢⒭⒜", "viagra", "⒱⒤⒜⒢⒭⒜", "spacing+styled"),
        ("В И А Г Р А", "виагра", "В И А Г Р А", "spacing"),
        ("비 아 그 라", "비아그라", "비 아 그 라", "spacing"),
        ("v1@gr4", "viagra", "v1@gr4", "leet"),
        ("viagraaaa!", "viagra", "viagraaaa", "repeated"),
        ("V - i - a - g - r - a", "viagra", "V - i - a - g - r - a", "spacing"),
        ("I v i a g r a u", "viagra", "v i a g r a", "spacing"),
        ("V.1.a.g.r.@", "viagra", "V.1.a.g.r.@", "spacing+leet"),
        ("v1agra", "viagra", "v1agra", "leet"),
        ("Vi@gra", "viagra", "Vi@gra", "leet"),
        ("v!agra", "viagra", "v!agra", "leet"),
        ("viagr@ now", "viagra", "viagr@", "leet"),
        ("$ildenafil", "sildenafil", "$ildenafil", "leet"),
        ("C1a1is", "cialis", "C1a1is", "leet"),
        ("c!al!s", "cialis", "c!al!s", "leet"),
        ("b0t0x", "botox", "b0t0x", "leet"),
        ("v1agra+c1alis", "cialis", "c1alis", "leet"),
        ("vi\u{200b}@gra", "viagra", "vi\u{200b}@gra", "leet+invisible"),
        ("viaaagra", "viagra", "viaaagra", "repeated"),
        ("VVVIIIAGRA", "viagra", "VVVIIIAGRA", "repeated"),
        ("vііagra", "viagra", "vііagra", "look-alike+repeated"),
        ("vіagra", "viagra", "vіagra", "look-alike"),
        ("ВОТОХ", "botox", "ВОТОХ", "look-alike"),
        ("виaгрa", "виагра", "виaгрa", "look-alike"),
        ("ᴠɪᴀɢʀᴀ", "viagra", "ᴠɪᴀɢʀᴀ", "look-alike"),
        ("νιαgrα", "viagra", "νιαgrα", "look-alike"),
        ("Ⅴ.і.á.ｇ.r.a", "viagra", "Ⅴ.і.á.ｇ.r.a", "look-alike+spacing+fullwidth+styled+marks"),
        ("buy it n0 prescription now", "no prescription", "n0 prescription", "leet"),
        ("without prescr1ption", "without prescription", "without prescr1ption", "leet"),
        ("n o  p r e s c r i p t i o n", "no prescription", "n o  p r e s c r i p t i o n", "spacing"),
        ("c a n n a b i s", "cannabis", "c a n n a b i s", "spacing"),
        ("cannnnabis", "cannabis", "cannnnabis", "repeated"),
        // `l` for `i`, and the other way round
        ("buy VlAGRA", "viagra", "VlAGRA", "look-alike"),
        ("ClALlS 20", "cialis", "ClALlS", "look-alike"),
        ("AIprazoIam", "alprazolam", "AIprazoIam", "look-alike"),
        ("Iyrica 75", "lyrica", "Iyrica", "look-alike"),
        ("vlagra", "viagra", "vlagra", "look-alike"),
        ("tramadoI", "tramadol", "tramadoI", "look-alike"),
        ("C1aIis", "cialis", "C1aIis", "look-alike+leet"),
        ("V l A G R A", "viagra", "V l A G R A", "look-alike+spacing"),
        // in pieces
        ("via-gra", "viagra", "via-gra", "spacing"),
        ("V.iagra", "viagra", "V.iagra", "spacing"),
        ("vi agra", "viagra", "vi agra", "spacing"),
        ("Oxy contin 80mg", "oxycontin", "Oxy contin", "spacing"),
        ("vi-ag-ra", "viagra", "vi-ag-ra", "spacing"),
        ("oxy con tin", "oxycontin", "oxy con tin", "spacing"),
        ("V1-agra", "viagra", "V1-agra", "spacing+leet"),
        ("vi•agra", "viagra", "vi•agra", "spacing"),
        ("tra/madol", "tramadol", "tra/madol", "spacing"),
        ("виа-гра", "виагра", "виа-гра", "spacing"),
        ("비아 그라", "비아그라", "비아 그라", "spacing"),
        ("バイ・アグラ", "バイアグラ", "バイ・アグラ", "spacing"),
        // masked
        ("v*agra", "viagra", "v*agra", "leet"),
        ("v**gra now", "viagra", "v**gra", "leet"),
        ("x#nax", "xanax", "x#nax", "leet"),
        ("f_ntanyl", "fentanyl", "f_ntanyl", "leet"),
        ("ви*гра", "виагра", "ви*гра", "leet"),
        ("xan@x", "xanax", "xan@x", "leet"),
        ("tr@m@dol", "tramadol", "tr@m@dol", "leet"),
        ("f3ntanyl", "fentanyl", "f3ntanyl", "leet"),
        // letters of other shapes
        ("🇻🇮🇦🇬🇷🇦", "viagra", "🇻🇮🇦🇬🇷🇦", "look-alike+spacing"),
        ("🇻 🇮 🇦 🇬 🇷 🇦", "viagra", "🇻 🇮 🇦 🇬 🇷 🇦", "look-alike+spacing"),
        ("ɐɹƃɐᴉʌ", "viagra", "ɐɹƃɐᴉʌ", "look-alike"),
        ("Ꮩiagra", "viagra", "Ꮩiagra", "look-alike"),
        ("\u{202e}argaiv\u{202c} now", "viagra", "argaiv", "invisible"),
    ];
    for (text, term, marked, tricks) in cases {
        assert_eq!(disguised(text, term), Some((marked.to_owned(), tricks.to_owned())), "{term} in {text:?}");
    }
}

#[test]
fn words_that_are_no_disguise() {
    let cases = [
        ("specialist", "cialis"),
        ("B12 vitamin", "biz"),
        ("100mg", "loomg"),
        ("model 1390", "lego"),
        ("mp3 player", "mpe"),
        ("i phone", "iphone"),
        ("a b c d", "abc"),
        ("S M L XL", "small"),
        ("g00d", "god"),
        ("good", "god"),
        ("book", "bok"),
        ("plain viagra here", "viagra"),
        ("Мой рот", "pot"),
        ("РОТ и нос", "pot"),
        ("хлеб сахар", "caxap x"),
        ("5 0 5", "sos"),
        ("k a n a b i s", "kannabis"),
        ("J. R. R. Tolkien", "jar"),
        ("a mlodipine", "amlodipine"),
        ("pen is mightier", "penis"),
        ("Steile Treppe", "stelle"),
        ("Teil der Welt", "tell"),
        ("v***ra", "viagra"),
        ("x*n", "xan"),
        ("5 * 4 # 3", "sagb"),
        ("end.Start", "endstat"),
        ("vi. agra", "viagra"),
    ];
    for (text, term) in cases {
        assert_eq!(disguised(text, term), None, "{term} in {text:?}");
    }
}

/// Text of the letters that folding treats specially, as well as any others.
fn any_text() -> impl Strategy<Value = String> {
    let special: Vec<char> = "aAzZ ;>&<#/b1lI!@.-_éßİıςΣйИ\u{306}\u{301}\u{308}がか\u{3099}ﾞ\u{1112}\u{1161}\u{11ab}ก\u{e48}\u{e38}क\u{93c}\u{94d}ا\u{654}و\u{640}ﬁĲ…＆；＞\u{200b}\u{ad}\u{feff}\t\n\u{a0}𝗩ⓥіаР\u{37e}\u{345}\u{315}\u{31b}\u{f71}\u{f72}\u{f74}"
        .chars()
        .collect();
    let letter =
        prop_oneof![4 => prop::sample::select(special), 1 => any::<char>(), 2 => prop::char::range('a', 'e')];
    let piece = prop_oneof![
        6 => letter.prop_map(String::from),
        1 => prop::sample::select(vec!["&amp;", "&#59;", "&#118;", "#59;", "amp;", "<b>", "</i>", "<br", "&gt;", "&lt;", "&#x26;", "  ", "&shy;"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn folding_is_idempotent(text in any_text()) {
        let once = Folded::new(&text);
        let twice = Folded::new(once.text());
        prop_assert_eq!(once.text(), twice.text(), "{:?}", text);
    }

    #[test]
    fn spans_are_on_character_boundaries(text in any_text()) {
        let folded = Folded::new(&text);
        let places: Vec<usize> =
            folded.text().char_indices().map(|(at, _)| at).chain([folded.text().len()]).collect();
        let mut before = 0..0;
        for pair in places.windows(2) {
            let span = folded.original_span(pair[0]..pair[1]);
            prop_assert!(text.get(span.clone()).is_some_and(|part| !part.is_empty()), "{span:?} of {text:?}");
            prop_assert!(span.start >= before.start && span.end >= before.end, "{span:?} after {before:?} in {text:?}");
            before = span;
        }
    }

    #[test]
    fn words_are_cut_as_letter_by_letter(text in prop_oneof![any_text(), "[a-c0-1@ éл药]{0,40}", "[aab ]{0,60}"]) {
        let folded = Folded::new(&text);
        let mut cut = Vec::new();
        words::cut(folded.text(), &mut cut);
        let found: Vec<_> = cut.iter().map(|word| (word.start as usize, word.end as usize, word.made_of)).collect();
        prop_assert_eq!(found, cut_by_letter(folded.text()));
        for word in cut {
            let mut alone = Vec::new();
            words::cut(&folded.text()[word.start as usize..word.end as usize], &mut alone);
            prop_assert_eq!((alone.len(), alone[0].hash), (1, word.hash));
        }
    }

    /// What was marked folds to what was found: the span holds all that it came from.
    #[test]
    fn a_span_folds_to_its_word(before in "[a-z .]{0,9}", word in any_text(), after in "[ .][a-z .]{0,9}") {
        let alone = fold_term(&word);
        let text = format!("{before} {word}{after}");
        let folded = Folded::new(&text);
        prop_assume!(!alone.is_empty());
        if let Some(at) = folded.text().find(&alone) {
            let span = folded.original_span(at..at + alone.len());
            prop_assert_eq!(fold_term(&text[span]), alone);
        }
    }

    #[test]
    fn disguise_never_panics_and_stays_inside(text in any_text()) {
        let folded = Folded::new(&text);
        let mut cut = Vec::new();
        words::cut(folded.text(), &mut cut);
        let mut disguise = Disguise::default();
        disguise.read(&folded, &text, &cut, &Vocabulary::everything(4));
        let term = DisguisedTerm::new("abba").unwrap();
        disguise.windows(4, |window| {
            if let Some(found) = disguise.is_term(window, &term) {
                let span = folded.original_span(found.start as usize..found.end as usize);
                assert!(text.get(span).is_some());
            }
        });
        for at in 0..disguise.keys().len() {
            if let Some(found) = disguise.term_at_key(at, &term, false, true) {
                let span = folded.original_span(found.start as usize..found.end as usize);
                assert!(text.get(span).is_some());
            }
        }
    }
}
