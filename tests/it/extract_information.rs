//! Manufacturer, responsible person, warnings, identifier (Regulation (EU) 2023/988, Articles 19 and 22(9)): found in
//! the ways that shops and marketplaces show them, or missing and said to be.

use caveat::extract::{Explanation, Extractor};
use caveat::listing::{Information, Listing};
use caveat::page::Page;
use caveat::rules::condition::{Names, parse};

fn explain(block: &str) -> Explanation {
    let html = format!(
        "<!doctype html><html><head><title>Bauklotz</title></head><body><main><h1>Bauklotz</h1><p class=price>9,90 €</p>\
         <button>In den Warenkorb</button>{block}</main></body></html>"
    );
    let url = Some("https://shop.example/p/17".parse().unwrap());
    let content_type = Some("text/html; charset=utf-8".to_owned());
    Extractor::default().explain(&Page { url, content_type, body: html.into_bytes() })
}

fn listing(block: &str) -> Listing {
    explain(block).extracted.listing.unwrap_or_else(|| panic!("no product: {block}"))
}

#[test]
fn information_is_found_where_it_stands() {
    use Information::{Manufacturer, ResponsiblePerson, Warnings};
    for (what, value, block) in [
        (Manufacturer, "Klotz GmbH", "<table><tr><th>Hersteller</th><td>Klotz GmbH</td></tr></table>"),
        (
            Manufacturer,
            "Klotz GmbH, Holzweg 1, 99999 Ort, info@klotz.example",
            "<div class=gpsr><h3>Manufacturer information</h3><p>Klotz GmbH, Holzweg 1, 99999 Ort, info@klotz.example</p></div>",
        ),
        (
            Manufacturer,
            "Klotz SARL 1 rue du Bois contact@klotz.example",
            "<details><summary>Coordonnées du fabricant</summary><div>Klotz SARL</div><div>1 rue du Bois</div><div>contact@klotz.example</div></details>",
        ),
        (
            Manufacturer,
            "Klotz sp. z o.o., Leśna 1",
            "<p><b>Dane producenta:</b> Klotz sp. z o.o., Leśna 1</p>",
        ),
        (
            Manufacturer,
            "Klotz AG",
            "<script type=application/ld+json>{\"@type\":\"Product\",\"name\":\"Bauklotz\",\"manufacturer\":{\"@type\":\"Organization\",\"name\":\"Klotz AG\"}}</script>",
        ),
        (
            ResponsiblePerson,
            "Import Nord B.V., Haven 2, Rotterdam, mail@nord.example",
            "<section><h4>EU responsible person</h4><div>Import Nord B.V., Haven 2, Rotterdam, mail@nord.example</div></section>",
        ),
        (
            ResponsiblePerson,
            "Nord Import",
            "<div><h3>Angaben zur Produktsicherheit</h3><dl><dt>Verantwortliche Person für die EU</dt><dd>Nord Import</dd></dl></div>",
        ),
        (
            ResponsiblePerson,
            "Nord Import",
            "<ul><li><span class=label>Responsable UE</span><span>Nord Import</span></li></ul>",
        ),
        (ResponsiblePerson, "Nord Import", "<p>Persona responsable en la UE: Nord Import</p>"),
        (
            ResponsiblePerson,
            "Nord Import",
            "<div><button>Odpovědná osoba v EU</button><div hidden>Nord Import</div></div>",
        ),
        (
            Warnings,
            "Achtung! Nicht für Kinder unter 36 Monaten geeignet. Erstickungsgefahr durch Kleinteile.",
            "<p>Achtung! Nicht für Kinder unter 36 Monaten geeignet. Erstickungsgefahr durch Kleinteile.</p>",
        ),
        (
            Warnings,
            "Warning! Not suitable for children under 36 months.",
            "<div class=info>Warning! Not suitable for children under 36 months.</div>",
        ),
        (
            Warnings,
            "Προσοχή! Ακατάλληλο για παιδιά κάτω των 36 μηνών.",
            "<p>Προσοχή! Ακατάλληλο για παιδιά κάτω των 36 μηνών.</p>",
        ),
        (Warnings, "Enthält Duftstoffe.", "<div><h3>Warnhinweise</h3><p>Enthält Duftstoffe.</p></div>"),
    ] {
        let listing = listing(block);
        assert_eq!(listing.information(what), Some(value), "{block}\n{:?}", listing.attributes);
        assert_eq!(listing.attributes.get(what.name()).map(String::as_str), Some(value), "{block}");
        assert!(listing.provenance.contains_key(what.name()), "{block}");
    }
}

#[test]
fn what_is_missing_is_said_to_be() {
    let bare = explain("<p>Aus Buche, unbehandelt, für jedes Alter ein Vergnügen.</p>");
    let listing = bare.extracted.listing.unwrap();
    for what in Information::ALL {
        assert_eq!(
            listing.information(what),
            if what == Information::Identifier { listing.sku.as_deref() } else { None }
        );
        let field = bare.fields.iter().find(|field| field.field == what.name()).unwrap();
        if what != Information::Identifier {
            assert!(field.value.is_none() && field.why.starts_with("missing"), "{field:?}");
        }
    }
    let named = explain("<table><tr><th>Hersteller</th><td>Klotz GmbH</td></tr></table>");
    let field = named.fields.iter().find(|field| field.field == "manufacturer").unwrap();
    assert!(field.why.contains("no electronic address"), "{}", field.why);
}

#[test]
fn other_labels_do_not_give_a_manufacturer() {
    for block in [
        "<table><tr><th>Herstellernummer</th><td>KL-4711</td></tr></table>",
        "<table><tr><th>Herstellergarantie</th><td>2 Jahre</td></tr></table>",
        "<p>Manufacturer warranty: two years</p>",
        "<nav><h4>Hersteller</h4><a href=/m/1>Klotz</a></nav>",
    ] {
        assert_eq!(listing(block).information(Information::Manufacturer), None, "{block}");
    }
}

#[test]
fn conditions_ask_for_it() {
    let names = Names { patterns: &["lamp"], exceptions: &[] };
    for text in
        ["missing manufacturer", "has responsible_person and missing warnings", "lamp and missing identifier"]
    {
        let parsed = parse(text, names).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        assert_eq!(caveat::rules::condition::shown(&parsed.condition, &["lamp"]), text);
    }
}
