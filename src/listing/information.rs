//! What an offer must tell buyers under Regulation (EU) 2023/988 (GPSR), Article 19 and Article 22(9), and by which
//! labels an offer tells it. Absence is data: a condition can ask for what is missing.
//!
//! The labels are facts of language, compiled from general knowledge of how shops and marketplaces write them. Whether
//! what is given suffices in law is for a person to say.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::Listing;

/// One piece of information.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Information {
    /// Who made the product, Article 19(a).
    Manufacturer,
    /// The responsible person in the Union where the manufacturer is not established there, Article 19(b).
    ResponsiblePerson,
    /// Warnings or safety information, Article 19(d).
    Warnings,
    /// A number or type by which the product can be identified, Article 19(c).
    Identifier,
}

impl Information {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::Manufacturer, Self::ResponsiblePerson, Self::Warnings, Self::Identifier];

    /// The name in conditions, attributes and provenance.
    pub fn name(self) -> &'static str {
        match self {
            Self::Manufacturer => "manufacturer",
            Self::ResponsiblePerson => "responsible_person",
            Self::Warnings => "warnings",
            Self::Identifier => "identifier",
        }
    }

    /// What a label announces, if it is one of these.
    pub fn of_label(label: &str) -> Option<Self> {
        if label.len() > LABEL_BYTES {
            return None;
        }
        let lowered = label.to_lowercase();
        let key = lowered.trim_matches(|c: char| !c.is_alphanumeric());
        let [responsible, other, manufacturer, warnings] = held(key);
        if responsible {
            return Some(Self::ResponsiblePerson);
        }
        if other {
            return None;
        }
        if manufacturer || MANUFACTURER.contains(&key) {
            return Some(Self::Manufacturer);
        }
        if warnings || WARNINGS.contains(&key) {
            return Some(Self::Warnings);
        }
        IDENTIFIER.contains(&key).then_some(Self::Identifier)
    }
}

/// Phrases of each kind, all looked for at once: a page has thousands of labels.
const PHRASES: [&[&str]; 4] = [RESPONSIBLE, NOT_MANUFACTURER, MANUFACTURER_PHRASES, WARNING_PHRASES];

/// Which of [`PHRASES`] the text holds one of.
fn held(text: &str) -> [bool; 4] {
    static FINDER: LazyLock<Option<AhoCorasick>> =
        LazyLock::new(|| AhoCorasick::new(PHRASES.iter().copied().flatten()).ok());
    let mut held = [false; 4];
    for found in FINDER.iter().flat_map(|finder| finder.find_overlapping_iter(text)) {
        let mut at = found.pattern().as_usize();
        for (phrases, held) in PHRASES.iter().zip(&mut held) {
            if at < phrases.len() {
                *held = true;
                break;
            }
            at -= phrases.len();
        }
    }
    held
}

impl Listing {
    /// What the offer says of it: an attribute of that name, or one whose label means it.
    pub fn information(&self, what: Information) -> Option<&str> {
        let told = |value: &&str| value.chars().any(char::is_alphanumeric);
        let named = self.attributes.get(what.name()).map(String::as_str);
        let labelled = self.attributes.iter().filter(|(label, _)| Information::of_label(label) == Some(what));
        let number = match what {
            Information::Identifier => {
                let number = self.gtin.first().or(self.mpn.as_ref()).or(self.sku.as_ref());
                number.map(String::as_str)
            }
            _ => None,
        };
        number.into_iter().chain(named).chain(labelled.map(|(_, value)| value.as_str())).find(told)
    }
}

/// Longer texts are sentences.
const LABEL_BYTES: usize = 160;

/// en de fr es it pl nl pt cs ro sv el hu bg fi
#[rustfmt::skip]
const RESPONSIBLE: &[&str] = &[
    "responsible person", "eu responsible", "responsible economic operator", "eu representative",
    "authorised representative", "authorized representative", "eu importer", "importer in the eu",
    "verantwortliche person", "verantwortlicher wirtschaftsakteur", "in der eu verantwortlich", "eu-verantwortlich",
    "eu verantwortlich", "bevollmächtigter", "eu-bevollmächtigt", "eu-importeur", "einführer",
    "personne responsable", "responsable ue", "responsable dans l'ue", "responsable dans l’ue", "mandataire",
    "opérateur économique responsable", "persona responsable", "responsable en la ue", "responsable de la ue",
    "representante autorizado", "persona responsabile", "responsabile ue", "responsabile nell'ue", "responsabile nell’ue",
    "responsabile per l'ue", "responsabile per l’ue", "mandatario", "operatore economico responsabile",
    "osoba odpowiedzialna", "podmiot odpowiedzialny", "odpowiedzialny w ue", "upoważniony przedstawiciel",
    "verantwoordelijke persoon", "eu-verantwoordelijk", "verantwoordelijke in de eu", "gemachtigde",
    "pessoa responsável", "responsável na ue", "responsável da ue", "mandatário", "odpovědná osoba",
    "zodpovědná osoba", "zplnomocněný zástupce", "persoana responsabilă", "persoană responsabilă",
    "reprezentant autorizat", "ansvarig person", "eu-ansvarig", "ansvarig i eu", "auktoriserad representant",
    "υπεύθυνο πρόσωπο", "υπεύθυνος στην εε", "εξουσιοδοτημένος αντιπρόσωπος", "felelős személy", "meghatalmazott képviselő",
    "отговорно лице", "упълномощен представител", "vastuuhenkilö", "valtuutettu edustaja",
];

/// Labels that hold the word and mean a number or a link.
#[rustfmt::skip]
const NOT_MANUFACTURER: &[&str] = &[
    "number", "nummer", "-nr", " nr", "part", "code", "artikel", "référence", "referencia", "codice", "kod ", "kód",
    "číslo", "cod ", "cikkszám", "κωδικός", "номер", "warranty", "garant", "website", "webseite", "country", "land",
    "pays", "paese", "país", "suggested", "recommended", "empfohlen", "preis", "price", "year", "date",
];

#[rustfmt::skip]
const MANUFACTURER: &[&str] = &[
    "manufacturer", "manufacturers", "manufactured by", "made by", "producer", "maker", "hersteller", "herstellerangaben",
    "hergestellt von", "produzent", "fabricant", "fabriqué par", "producteur", "fabricante", "fabricado por", "productor",
    "produttore", "fabbricante", "prodotto da", "producent", "wytwórca", "wyprodukowano przez", "fabrikant",
    "geproduceerd door", "produtor", "výrobce", "výrobca", "producător", "producator", "fabricat de", "fabricant ue",
    "tillverkare", "tillverkad av", "κατασκευαστής", "παραγωγός", "gyártó", "gyártja", "производител", "valmistaja",
    "manufacturer (gpsr)", "hersteller (gpsr)",
];

#[rustfmt::skip]
const MANUFACTURER_PHRASES: &[&str] = &[
    "manufacturer information", "manufacturer info", "manufacturer details", "manufacturer's details", "manufacturer contact",
    "manufacturer address", "manufacturer name", "name of the manufacturer", "name and address of the manufacturer",
    "herstellerinformation", "informationen zum hersteller", "angaben zum hersteller", "herstellerkontakt",
    "herstelleradresse", "anschrift des herstellers", "kontaktdaten des herstellers", "hersteller:", "hersteller/",
    "hersteller-information", "hersteller information", "informations sur le fabricant", "informations fabricant",
    "informations du fabricant", "coordonnées du fabricant", "adresse du fabricant", "información del fabricante",
    "datos del fabricante", "información sobre el fabricante", "informazioni sul produttore",
    "informazioni sul fabbricante", "dati del produttore", "dati del fabbricante", "informacje o producencie",
    "dane producenta", "informatie over de fabrikant", "fabrikantgegevens", "gegevens van de fabrikant",
    "fabrikantinformatie", "informações do fabricante", "informações sobre o fabricante", "dados do fabricante",
    "informace o výrobci", "údaje o výrobci", "kontakt na výrobce", "informații despre producător",
    "informații producător", "datele producătorului", "date producător", "information om tillverkaren",
    "tillverkarinformation", "tillverkarens uppgifter", "tillverkarens kontakt", "πληροφορίες κατασκευαστή",
    "στοιχεία κατασκευαστή", "gyártói információ", "gyártó adatai", "a gyártó neve", "информация за производителя",
    "данни за производителя", "valmistajan tiedot", "tietoa valmistajasta", "valmistajan yhteystiedot",
];

#[rustfmt::skip]
const WARNINGS: &[&str] = &[
    "warning", "warnings", "caution", "safety information", "safety warnings", "safety warning", "safety instructions",
    "warnung", "warnungen", "warnhinweis", "warnhinweise", "achtung", "sicherheitshinweis", "sicherheitshinweise",
    "avertissement", "avertissements", "mise en garde", "mises en garde", "consignes de sécurité", "advertencia",
    "advertencias", "avvertenza", "avvertenze", "ostrzeżenie", "ostrzeżenia", "waarschuwing", "waarschuwingen",
    "veiligheidsinstructies", "aviso", "avisos", "advertência", "advertências", "varování", "upozornění", "avertisment",
    "avertismente", "avertizare", "varning", "varningar", "προειδοποίηση", "προειδοποιήσεις", "figyelmeztetés",
    "figyelmeztetések", "предупреждение", "предупреждения", "varoitus", "varoitukset",
];

#[rustfmt::skip]
const WARNING_PHRASES: &[&str] = &[
    "warnings and safety", "warning and safety", "warnings or safety", "safety & warnings", "safety and warnings",
    "warn- und sicherheit", "sicherheits- und warn", "avertissements et", "informations de sécurité",
    "información de seguridad", "advertencias de seguridad", "instrucciones de seguridad", "informazioni sulla sicurezza",
    "avvertenze di sicurezza", "avvertenze e", "informacje o bezpieczeństwie", "informacje dotyczące bezpieczeństwa",
    "ostrzeżenia dotyczące", "veiligheidsinformatie", "veiligheidswaarschuwing", "informações de segurança",
    "avisos de segurança", "bezpečnostní upozornění", "bezpečnostní informace", "bezpečnostní pokyny",
    "informații de siguranță", "informații privind siguranța", "avertismente de siguranță", "säkerhetsinformation",
    "säkerhetsvarning", "säkerhetsanvisning", "πληροφορίες ασφάλειας", "πληροφορίες ασφαλείας",
    "προειδοποιήσεις ασφαλείας", "biztonsági információ", "biztonsági figyelmeztetés", "biztonsági előírás",
    "информация за безопасност", "предупреждения за безопасност", "turvallisuustiedot", "turvallisuusohje",
    "turvallisuusvaroitu",
];

#[rustfmt::skip]
const IDENTIFIER: &[&str] = &[
    "model", "model number", "model no", "type", "batch", "batch number", "lot number", "serial number", "modell",
    "modellnummer", "typ", "charge", "chargennummer", "seriennummer", "modèle", "numéro de modèle", "numéro de lot",
    "modelo", "número de modelo", "número de lote", "modello", "numero modello", "numero di lotto", "numer modelu",
    "numer partii", "numer seryjny", "modelnummer", "partijnummer", "serienummer", "číslo modelu", "číslo šarže",
    "număr model", "număr lot", "batchnummer", "μοντέλο", "αριθμός μοντέλου", "αριθμός παρτίδας", "modellszám",
    "gyártási szám", "tételszám", "модел", "номер на модела", "партиден номер", "malli", "mallinumero", "eränumero",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_every_pack_language_are_known() {
        use Information::{Manufacturer, ResponsiblePerson, Warnings};
        for (label, expected) in [
            ("Manufacturer information", Manufacturer),
            ("Hersteller:", Manufacturer),
            ("Angaben zum Hersteller", Manufacturer),
            ("Coordonnées du fabricant", Manufacturer),
            ("Fabricante", Manufacturer),
            ("Produttore", Manufacturer),
            ("Dane producenta", Manufacturer),
            ("Fabrikant", Manufacturer),
            ("Dados do fabricante", Manufacturer),
            ("Výrobce:", Manufacturer),
            ("Producător", Manufacturer),
            ("Tillverkare", Manufacturer),
            ("Κατασκευαστής", Manufacturer),
            ("Gyártó adatai", Manufacturer),
            ("Производител", Manufacturer),
            ("Valmistaja", Manufacturer),
            ("EU Responsible Person", ResponsiblePerson),
            ("Verantwortliche Person für die EU", ResponsiblePerson),
            ("Responsable UE", ResponsiblePerson),
            ("Persona responsable en la UE", ResponsiblePerson),
            ("Persona responsabile", ResponsiblePerson),
            ("Osoba odpowiedzialna", ResponsiblePerson),
            ("Verantwoordelijke persoon in de EU", ResponsiblePerson),
            ("Pessoa responsável na UE", ResponsiblePerson),
            ("Odpovědná osoba v EU", ResponsiblePerson),
            ("Persoana responsabilă UE", ResponsiblePerson),
            ("Ansvarig person i EU", ResponsiblePerson),
            ("Υπεύθυνο πρόσωπο στην ΕΕ", ResponsiblePerson),
            ("EU felelős személy", ResponsiblePerson),
            ("Отговорно лице в ЕС", ResponsiblePerson),
            ("EU-vastuuhenkilö", ResponsiblePerson),
            ("Warnhinweise", Warnings),
            ("Warnings and safety information", Warnings),
            ("Bezpečnostní upozornění", Warnings),
            ("Προειδοποιήσεις", Warnings),
        ] {
            assert_eq!(Information::of_label(label), Some(expected), "{label}");
        }
        for label in
            ["Manufacturer part number", "Herstellernummer", "Producer country", "Farbe", "Model year", ""]
        {
            assert_eq!(Information::of_label(label), None, "{label}");
        }
    }

    #[test]
    fn an_offer_is_asked_by_name_or_label() {
        let mut listing = Listing { title: "Lamp".to_owned(), ..Listing::default() };
        assert!(Information::ALL.iter().all(|what| listing.information(*what).is_none()));
        listing.attributes.insert("Hersteller".to_owned(), "Lichtwerk GmbH".to_owned());
        listing.attributes.insert("responsible_person".to_owned(), "-".to_owned());
        listing.sku = Some("L-1".to_owned());
        assert_eq!(listing.information(Information::Manufacturer), Some("Lichtwerk GmbH"));
        assert_eq!(listing.information(Information::ResponsiblePerson), None, "a dash says nothing");
        assert_eq!(listing.information(Information::Identifier), Some("L-1"));
    }
}
