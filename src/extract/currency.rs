//! Currencies: how they are written, which ISO 4217 code that means here, and how many minor digits they have.

use std::collections::HashSet;
use std::sync::LazyLock;

/// What a page tells about where it is sold: settles `$`, `kr`, `Rs`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Locale<'a> {
    /// The page's host.
    pub host: Option<&'a str>,
    /// The page's language, BCP 47, region included where it has one.
    pub language: Option<&'a str>,
}

/// The ISO 4217 code that `written` means on a page with this locale; `None` where that is not known.
///
/// An ambiguous sign (`$`) is decided by the host's country, then the language's region, then the language; a
/// generic host with a language spoken in one of the sign's countries by default decides last.
pub fn iso(written: &str, locale: Locale<'_>) -> Option<&'static str> {
    let written = written.trim();
    if let Some(code) = code(written) {
        return Some(code);
    }
    let exact = SIGNS.iter().find(|(sign, _)| *sign == written);
    let entry = exact.or_else(|| SIGNS.iter().find(|(sign, _)| same_sign(sign, written)))?;
    let (first, more) = entry.1.split_first()?;
    if more.is_empty() {
        return Some(first);
    }
    let local = home(locale);
    if let Some(home) = local.filter(|home| entry.1.contains(home)) {
        return Some(home);
    }
    match written {
        // The language alone says it where one country speaks it, or where the sign has one great home.
        "$" => by_language(locale, &[("en", "USD")]),
        "¥" | "￥" => by_language(locale, &[("zh", "CNY"), ("ja", "JPY")]),
        "kr" | "Kr" | "KR" | "kr." | "Kr." => by_language(
            locale,
            &[("sv", "SEK"), ("nb", "NOK"), ("no", "NOK"), ("nn", "NOK"), ("da", "DKK"), ("is", "ISK")],
        ),
        "£" | "￡" => Some("GBP"),
        "₽" | "руб" | "руб." | "р." | "Р" | "р" => {
            by_language(locale, &[("be", "BYN")]).or(Some("RUB"))
        }
        "Rs" | "Rs." => by_language(locale, &[("hi", "INR"), ("ur", "PKR")]).or(local),
        "lei" | "Lei" | "LEI" => Some("RON"),
        "R" | "RM" | "Kč" | "zł" | "Ft" | "RD$" => Some(first),
        _ => None,
    }
}

/// Whether `written` is a currency beyond doubt even in running text: a symbol, or a word that is nothing else.
///
/// `8 K`, `3 D`, `10 MT` are sizes; such signs count where the place pays with them or an element is named a price.
pub(super) fn is_sure(written: &str, locale: Locale<'_>) -> bool {
    const WORDS: &[&str] = &[
        "kr", "kr.", "Kr", "Kr.", "zł", "zl", "Kč", "Ft", "Rs", "Rs.", "RM", "Rp", "TL", "лв", "лв.", "тг",
        "тг.", "р.", "lei", "Lei", "LEI", "din", "din.", "дин", "ден", "元", "円", "圓", "圆", "원", ":-",
        "CHF", "Fr.", "EUR", "USD", "GBP", "S/", "S/.", "Bs", "Tk", "đ", "Đ", "NT",
    ];
    let symbol = written.chars().any(|c| !c.is_alphanumeric() && c != '.' && c != '\'');
    let coded = code(written).is_some() && written.chars().all(char::is_uppercase) && !is_word(written);
    // A pound is a weight where no sign says otherwise.
    if written.to_lowercase().starts_with("pound") {
        return false;
    }
    symbol
        || coded
        || WORDS.contains(&written)
        || written.chars().count() > 3
        || iso(written, locale).is_some_and(|code| home(locale) == Some(code))
}

/// Codes that are also words, names of makers or of things for sale; read as money only where something else says so.
pub(super) fn is_word(code: &str) -> bool {
    const WORDS: &str =
        "ALL AMD ANG BAM BOB CAD COP CUP CVE ERN GEL LAK MAD MOP NIO PAB PEN PTE SCR SIT SOS SSP TOP TRY";
    code.len() == 3 && WORDS.split(' ').any(|word| word == code)
}

fn same_sign(sign: &str, written: &str) -> bool {
    sign == written
        || (sign.chars().count() > 2 && sign.to_lowercase() == written.to_lowercase())
        || sign.trim_end_matches('.') == written.trim_end_matches('.')
            && !written.trim_end_matches('.').is_empty()
}

fn by_language(locale: Locale<'_>, table: &[(&str, &'static str)]) -> Option<&'static str> {
    let language = locale.language?;
    let primary = language.split(['-', '_']).next()?.to_ascii_lowercase();
    table.iter().find(|(known, _)| *known == primary).map(|(_, code)| *code)
}

/// The currency of the place where the page is sold: the host's country, else the language's region.
pub fn home(locale: Locale<'_>) -> Option<&'static str> {
    let by_host = locale.host.and_then(|host| {
        let top = host.trim_end_matches('.').rsplit('.').next()?.to_ascii_lowercase();
        // These country domains are used as if they belonged to nobody.
        if matches!(top.as_str(), "co" | "io" | "ai" | "tv" | "me" | "cc" | "eu" | "to" | "ly" | "gg")
            && !host.contains(".com.co")
        {
            return (top == "eu").then_some("EUR");
        }
        of_country(&top)
    });
    by_host.or_else(|| {
        let region = locale.language?.split(['-', '_']).skip(1).find(|part| part.len() == 2)?;
        of_country(&region.to_ascii_lowercase())
    })
}

/// The decimal mark that people of the page's language write, else of the host's country.
pub(super) fn decimal_mark(locale: Locale<'_>) -> Option<char> {
    const POINT: &[&str] =
        &["en", "zh", "ja", "ko", "he", "th", "hi", "ar", "fa", "ur", "bn", "ta", "ms", "tl", "ga"];
    let language = locale.language.and_then(|tag| tag.split(['-', '_']).next()).map(str::to_ascii_lowercase);
    let region = locale.language.and_then(|tag| tag.split(['-', '_']).nth(1)).map(str::to_ascii_lowercase);
    match (language.as_deref(), region.as_deref()) {
        (Some("es"), Some("mx" | "gt" | "hn" | "ni" | "sv" | "pa" | "do" | "pr" | "us" | "419"))
        | (Some("de" | "fr" | "it"), Some("ch" | "li")) => Some('.'),
        (Some(code), _) if POINT.contains(&code) => Some('.'),
        (Some(_), _) => Some(','),
        (None, _) => {
            let pays = home(locale)?;
            let point =
                ["USD", "GBP", "AUD", "NZD", "CHF", "JPY", "CNY", "HKD", "SGD", "INR", "ILS", "MXN", "THB"];
            Some(if point.contains(&pays) { '.' } else { ',' })
        }
    }
}

fn of_country(country: &str) -> Option<&'static str> {
    COUNTRIES
        .iter()
        .find(|(codes, _)| codes.split(' ').any(|code| code == country))
        .map(|(_, currency)| *currency)
}

/// The ISO 4217 code that `text` is, in any case, old codes replaced.
pub fn code(text: &str) -> Option<&'static str> {
    let upper = text.trim().to_ascii_uppercase();
    match upper.as_str() {
        "RUR" => return Some("RUB"),
        "NIS" => return Some("ILS"),
        "CND" | "CAD$" => return Some("CAD"),
        "BYR" => return Some("BYN"),
        _ => {}
    }
    BY_CODE.get(upper.as_str()).copied()
}

/// Digits after the decimal mark (ISO 4217), as shops use them.
pub fn minor_digits(code: &str) -> u32 {
    match code {
        "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "VND"
        | "VUV" | "XAF" | "XOF" | "XPF" | "IDR" | "COP" | "IRR" | "HUF" => 0,
        "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
        _ => 2,
    }
}

static BY_CODE: LazyLock<HashSet<&'static str>> = LazyLock::new(|| CODES.split_ascii_whitespace().collect());

/// Active ISO 4217 codes.
const CODES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN \
    BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD \
    HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD \
    MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON \
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX \
    USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG HRK LTL LVL EEK SKK SIT BTC PTE";

/// Countries and what they pay with.
const COUNTRIES: &[(&str, &str)] = &[
    ("at be de es fi fr gr ie it lu nl pt mt cy sk si ee lv lt hr ad mc sm va me xk", "EUR"),
    ("us pr gu vi ec sv", "USD"),
    ("uk gb", "GBP"),
    ("ca", "CAD"),
    ("au", "AUD"),
    ("nz", "NZD"),
    ("ch li", "CHF"),
    ("se", "SEK"),
    ("no", "NOK"),
    ("dk", "DKK"),
    ("is", "ISK"),
    ("pl", "PLN"),
    ("cz", "CZK"),
    ("hu", "HUF"),
    ("ro", "RON"),
    ("bg", "BGN"),
    ("rs", "RSD"),
    ("ua", "UAH"),
    ("ru su", "RUB"),
    ("by", "BYN"),
    ("kz", "KZT"),
    ("tr", "TRY"),
    ("il", "ILS"),
    ("ae", "AED"),
    ("sa", "SAR"),
    ("eg", "EGP"),
    ("ma", "MAD"),
    ("tn", "TND"),
    ("za", "ZAR"),
    ("ng", "NGN"),
    ("ke", "KES"),
    ("gh", "GHS"),
    ("in", "INR"),
    ("pk", "PKR"),
    ("lk", "LKR"),
    ("np", "NPR"),
    ("bd", "BDT"),
    ("id", "IDR"),
    ("my", "MYR"),
    ("sg", "SGD"),
    ("th", "THB"),
    ("vn", "VND"),
    ("ph", "PHP"),
    ("cn", "CNY"),
    ("jp", "JPY"),
    ("kr", "KRW"),
    ("tw", "TWD"),
    ("hk", "HKD"),
    ("mo", "MOP"),
    ("mx", "MXN"),
    ("br", "BRL"),
    ("ar", "ARS"),
    ("cl", "CLP"),
    ("co", "COP"),
    ("pe", "PEN"),
    ("uy", "UYU"),
    ("py", "PYG"),
    ("bo", "BOB"),
    ("ve", "VES"),
    ("cr", "CRC"),
    ("gt", "GTQ"),
    ("do", "DOP"),
    ("ge", "GEL"),
    ("am", "AMD"),
    ("az", "AZN"),
    ("uz", "UZS"),
    ("md", "MDL"),
    ("mk", "MKD"),
    ("al", "ALL"),
    ("ba", "BAM"),
    ("kw", "KWD"),
    ("qa", "QAR"),
    ("bh", "BHD"),
    ("om", "OMR"),
    ("jo", "JOD"),
    ("lb", "LBP"),
    ("ir", "IRR"),
    ("iq", "IQD"),
    ("mu", "MUR"),
];

/// How currencies are written, the longest sign that fits first within a place; ambiguous ones with all meanings.
pub(super) const SIGNS: &[(&str, &[&str])] = &[
    ("US $", &["USD"]),
    ("US$", &["USD"]),
    ("U$S", &["USD"]),
    ("U$D", &["USD"]),
    ("USD$", &["USD"]),
    ("AU$", &["AUD"]),
    ("A$", &["AUD"]),
    ("AUD$", &["AUD"]),
    ("CAD$", &["CAD"]),
    ("CA$", &["CAD"]),
    ("CDN$", &["CAD"]),
    ("C$", &["CAD", "NIO"]),
    ("CND", &["CAD"]),
    ("NZ$", &["NZD"]),
    ("HK$", &["HKD"]),
    ("MOP$", &["MOP"]),
    ("NT$", &["TWD"]),
    ("NT", &["TWD"]),
    ("S$", &["SGD"]),
    ("R$", &["BRL"]),
    ("RD$", &["DOP"]),
    ("TT$", &["TTD"]),
    ("BZ$", &["BZD"]),
    ("Bds$", &["BBD"]),
    ("B$", &["BSD", "BND"]),
    ("J$", &["JMD"]),
    ("G$", &["GYD"]),
    ("N$", &["NAD"]),
    ("L$", &["LRD"]),
    ("T$", &["TOP"]),
    ("FJ$", &["FJD"]),
    ("SI$", &["SBD"]),
    ("WS$", &["WST"]),
    ("EC$", &["XCD"]),
    ("CI$", &["KYD"]),
    ("Z$", &["ZWG"]),
    ("Mex$", &["MXN"]),
    ("MX$", &["MXN"]),
    ("COL$", &["COP"]),
    ("CLP$", &["CLP"]),
    ("$U", &["UYU"]),
    ("$b", &["BOB"]),
    (
        "$",
        &["USD", "CAD", "AUD", "NZD", "MXN", "ARS", "CLP", "COP", "SGD", "HKD", "TWD", "UYU", "BRL", "DOP"],
    ),
    ("＄", &["USD", "CAD", "AUD", "NZD", "MXN", "ARS", "CLP", "COP", "SGD", "HKD", "TWD"]),
    ("¢", &["USD", "CAD", "AUD"]),
    ("€", &["EUR"]),
    ("Euro", &["EUR"]),
    ("Euros", &["EUR"]),
    ("evro", &["EUR"]),
    ("евро", &["EUR"]),
    ("ευρώ", &["EUR"]),
    ("E£", &["EGP"]),
    ("£E", &["EGP"]),
    ("LE", &["EGP"]),
    ("£", &["GBP", "EGP", "GIP", "SYP", "LBP", "FKP", "SHP", "SDG"]),
    ("￡", &["GBP"]),
    ("GB£", &["GBP"]),
    ("pounds", &["GBP"]),
    ("pound", &["GBP", "EGP"]),
    ("₤", &["TRY", "GBP"]),
    ("¥", &["JPY", "CNY"]),
    ("￥", &["JPY", "CNY"]),
    ("CN¥", &["CNY"]),
    ("RMB", &["CNY"]),
    ("元", &["CNY", "TWD", "HKD"]),
    ("圆", &["CNY"]),
    ("圓", &["TWD", "HKD"]),
    ("円", &["JPY"]),
    ("yen", &["JPY"]),
    ("yuan", &["CNY"]),
    ("₩", &["KRW"]),
    ("￦", &["KRW"]),
    ("원", &["KRW"]),
    ("₫", &["VND"]),
    ("VNĐ", &["VND"]),
    ("đ", &["VND"]),
    ("Đ", &["VND"]),
    ("₹", &["INR"]),
    ("रु", &["INR", "NPR"]),
    ("र", &["INR", "NPR"]),
    ("Rs.", &["INR", "PKR", "LKR", "NPR", "MUR", "SCR"]),
    ("Rs", &["INR", "PKR", "LKR", "NPR", "MUR", "SCR"]),
    ("₨", &["INR", "PKR", "LKR", "NPR", "MUR", "SCR"]),
    ("ரூ", &["LKR", "INR"]),
    ("රු", &["LKR"]),
    ("৳", &["BDT"]),
    ("Tk", &["BDT"]),
    ("Rp", &["IDR"]),
    ("RM", &["MYR"]),
    ("฿", &["THB"]),
    ("บาท", &["THB"]),
    ("₱", &["PHP"]),
    ("₭", &["LAK"]),
    ("៛", &["KHR"]),
    ("₮", &["MNT"]),
    ("Ks", &["MMK"]),
    ("₽", &["RUB", "BYN"]),
    ("руб.", &["RUB", "BYN"]),
    ("руб", &["RUB", "BYN"]),
    ("Rbl", &["RUB", "BYN"]),
    ("rub.", &["RUB"]),
    ("Br", &["BYN", "ETB"]),
    ("р.", &["RUB", "BYN"]),
    ("Р", &["RUB", "BYN"]),
    ("р", &["RUB", "BYN"]),
    ("₴", &["UAH"]),
    ("грн.", &["UAH"]),
    ("грн", &["UAH"]),
    ("гривень", &["UAH"]),
    ("₸", &["KZT"]),
    ("тенге", &["KZT"]),
    ("тг.", &["KZT"]),
    ("тг", &["KZT"]),
    ("сом", &["KGS"]),
    ("som", &["KGS", "UZS"]),
    ("so'm", &["UZS"]),
    ("so‘m", &["UZS"]),
    ("soʻm", &["UZS"]),
    ("Sʻ", &["UZS"]),
    ("сум", &["UZS"]),
    ("лв.", &["BGN"]),
    ("лв", &["BGN"]),
    ("lv.", &["BGN"]),
    ("zł", &["PLN"]),
    ("zl", &["PLN"]),
    ("Kč", &["CZK"]),
    ("Kc", &["CZK"]),
    ("Ft", &["HUF"]),
    ("FT", &["HUF"]),
    ("lei", &["RON", "MDL"]),
    ("leu", &["RON", "MDL"]),
    ("L", &["RON", "HNL", "ALL", "MDL"]),
    ("din.", &["RSD"]),
    ("din", &["RSD"]),
    ("дин.", &["RSD"]),
    ("дин", &["RSD"]),
    ("Дин", &["RSD"]),
    ("ден.", &["MKD"]),
    ("ден", &["MKD"]),
    ("ДЕН", &["MKD"]),
    ("den", &["MKD"]),
    ("KM", &["BAM"]),
    ("kn", &["HRK"]),
    ("Lek", &["ALL"]),
    ("kr.", &["DKK", "SEK", "NOK", "ISK"]),
    ("kr", &["SEK", "NOK", "DKK", "ISK"]),
    ("Kr.", &["DKK", "SEK", "NOK", "ISK"]),
    ("Kr", &["SEK", "NOK", "DKK", "ISK"]),
    (":-", &["SEK", "NOK"]),
    ("Fr.", &["CHF"]),
    ("SFr.", &["CHF"]),
    ("CHf", &["CHF"]),
    ("₺", &["TRY"]),
    ("TL", &["TRY"]),
    ("₼", &["AZN"]),
    ("manat", &["AZN", "TMT"]),
    ("₾", &["GEL"]),
    ("lari", &["GEL"]),
    ("ლარი", &["GEL"]),
    ("֏", &["AMD"]),
    ("դր.", &["AMD"]),
    ("₪", &["ILS"]),
    ("ש\"ח", &["ILS"]),
    ("ש״ח", &["ILS"]),
    ("ש'ח", &["ILS"]),
    ("ש”ח", &["ILS"]),
    ("د.إ", &["AED"]),
    ("درهم", &["AED", "MAD"]),
    ("Dhs", &["AED", "MAD"]),
    ("Dhs.", &["AED", "MAD"]),
    ("Dh", &["AED", "MAD"]),
    ("ر.س", &["SAR"]),
    ("ريال", &["SAR", "IRR", "YER", "QAR", "OMR"]),
    ("﷼", &["SAR", "IRR", "YER", "QAR", "OMR"]),
    ("SR", &["SAR", "SCR"]),
    ("QR", &["QAR"]),
    ("ر.ق", &["QAR"]),
    ("ر.ع.", &["OMR"]),
    ("د.ك", &["KWD"]),
    ("دينار كويتي", &["KWD"]),
    ("KD", &["KWD"]),
    ("د.ب", &["BHD"]),
    ("BD", &["BHD"]),
    ("د.أ", &["JOD"]),
    ("د.ا", &["JOD"]),
    ("JD", &["JOD"]),
    ("ع.د", &["IQD"]),
    ("د.ع", &["IQD"]),
    ("ل.د", &["LYD"]),
    ("د.ل", &["LYD"]),
    ("LD", &["LYD"]),
    ("د.ت", &["TND"]),
    ("DT", &["TND"]),
    ("دج", &["DZD"]),
    ("د.ج", &["DZD"]),
    ("DA", &["DZD"]),
    ("د.م.", &["MAD"]),
    ("ج.م", &["EGP"]),
    ("جنيه", &["EGP"]),
    ("ج.س", &["SDG"]),
    ("ل.س", &["SYP"]),
    ("ل.ل", &["LBP"]),
    ("ش.ص", &["SOS"]),
    ("Sh.so.", &["SOS"]),
    ("ش.ج", &["ILS"]),
    ("تومان", &["IRR"]),
    ("نافكا", &["ERN"]),
    ("Nfk", &["ERN"]),
    ("؋", &["AFN"]),
    ("Af", &["AFN"]),
    ("Rf", &["MVR"]),
    ("Rf.", &["MVR"]),
    ("Nu.", &["BTN"]),
    ("₦", &["NGN"]),
    ("GH₵", &["GHS"]),
    ("GH¢", &["GHS"]),
    ("₵", &["GHS"]),
    ("KSh", &["KES"]),
    ("Ksh.", &["KES"]),
    ("TSh", &["TZS"]),
    ("USh", &["UGX"]),
    ("FRw", &["RWF"]),
    ("FBu", &["BIF"]),
    ("Fdj", &["DJF"]),
    ("FCFA", &["XOF", "XAF"]),
    ("CFA", &["XOF", "XAF"]),
    ("FG", &["GNF"]),
    ("MTn", &["MZN"]),
    ("MT", &["MZN"]),
    ("ZK", &["ZMW"]),
    ("MK", &["MWK"]),
    ("Kz", &["AOA"]),
    ("kwz", &["AOA"]),
    ("Ar", &["MGA"]),
    ("UM", &["MRU"]),
    ("Db", &["STN"]),
    ("Esc", &["CVE", "PTE"]),
    ("SLSh", &["SOS"]),
    ("Sl", &["SLE"]),
    ("Le", &["SLE"]),
    ("SPL", &["SPL"]),
    ("Vt", &["VUV"]),
    ("VT", &["VUV"]),
    ("Afl.", &["AWG"]),
    ("NAf.", &["ANG"]),
    ("ƒ", &["ANG", "AWG"]),
    ("S/.", &["PEN"]),
    ("S/", &["PEN"]),
    ("B/.", &["PAB"]),
    ("Bs.", &["BOB", "VES"]),
    ("Bs", &["BOB", "VES"]),
    ("Gs.", &["PYG"]),
    ("₲", &["PYG"]),
    ("₡", &["CRC"]),
    ("Q", &["GTQ"]),
    ("R₣", &["RWF"]),
    ("₣", &["CHF", "XPF"]),
    ("₿", &["BTC"]),
    ("BTC", &["BTC"]),
    ("K", &["PGK", "ZMW", "MMK"]),
    ("D", &["GMD"]),
    ("E", &["SZL"]),
    ("P", &["BWP", "PHP"]),
    ("R", &["ZAR"]),
    ("дол.", &["USD"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn here<'a>(host: &'a str, language: &'a str) -> Locale<'a> {
        Locale { host: Some(host), language: Some(language) }
    }

    #[test]
    fn the_place_decides_ambiguous_signs() {
        for (written, host, language, expected) in [
            ("$", "www.paris.cl", "es", Some("CLP")),
            ("$", "shop.example.com.ar", "es", Some("ARS")),
            ("$", "shop.example.com", "en", Some("USD")),
            ("$", "shop.example.com", "en-AU", Some("AUD")),
            ("$", "shop.example.com", "es", None),
            ("$", "shop.example.com", "es-MX", Some("MXN")),
            ("kr", "shop.example.com", "da", Some("DKK")),
            ("kr.", "shop.example.se", "en", Some("SEK")),
            ("Rs", "www.example.pk", "en", Some("PKR")),
            ("€", "shop.example.co.uk", "en", Some("EUR")),
            ("pln", "", "", Some("PLN")),
            ("RUR", "", "", Some("RUB")),
            ("грн.", "", "", Some("UAH")),
            ("?", "a.de", "de", None),
        ] {
            assert_eq!(iso(written, here(host, language)), expected, "{written} {host} {language}");
        }
    }
}
