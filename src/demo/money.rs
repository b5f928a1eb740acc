//! Prices as shops of a language write them.

/// `1299.00` EUR → `1.299,00 €` in German, `€1,299.00` in English, `1 299,00 €` in French.
pub(super) fn price_text(amount: &str, currency: &str, lang: &str) -> String {
    let (whole, cents) = amount.split_once('.').unwrap_or((amount, ""));
    let (group, point) = match lang {
        "en" => (",", "."),
        "fr" | "cs" | "pl" => ("\u{a0}", ","),
        _ => (".", ","),
    };
    let mut number = grouped(whole, group);
    // Czech shops leave out the hellers of a whole amount.
    let whole_crowns = currency == "CZK" && cents == "00";
    if !cents.is_empty() && !whole_crowns {
        number.push_str(point);
        number.push_str(cents);
    }
    match (currency, lang) {
        ("EUR", "en") => format!("€{number}"),
        ("EUR", "nl") => format!("€ {number}"),
        ("EUR", _) => format!("{number} €"),
        ("GBP", _) => format!("£{number}"),
        ("USD", _) => format!("US ${number}"),
        ("PLN", _) => format!("{number} zł"),
        ("CZK", _) => format!("{number} Kč"),
        ("RON", _) => format!("{number} lei"),
        ("CHF", _) => format!("CHF {number}"),
        _ => format!("{number} {currency}"),
    }
}

fn grouped(digits: &str, mark: &str) -> String {
    let count = digits.chars().count();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (count - at).is_multiple_of(3) {
            out.push_str(mark);
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_look_local() {
        let cases = [
            ("1299.00", "EUR", "de", "1.299,00 €"),
            ("1299.00", "EUR", "fr", "1\u{a0}299,00 €"),
            ("24.9", "GBP", "en", "£24.9"),
            ("12345678.50", "EUR", "en", "€12,345,678.50"),
            ("499.00", "CZK", "cs", "499 Kč"),
            ("89.99", "PLN", "pl", "89,99 zł"),
            ("7", "EUR", "nl", "€ 7"),
        ];
        for (amount, currency, lang, expected) in cases {
            assert_eq!(price_text(amount, currency, lang), expected);
        }
    }
}
