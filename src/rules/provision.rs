//! Which act of law a provision is of, as text and as an address.

use std::fmt;

use crate::document::is_country;

/// An act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Act {
    /// Of the European Union.
    Union {
        /// Directive, regulation or decision.
        kind: ActKind,
        /// The year in its number.
        year: u32,
        /// The rest of its number.
        number: u32,
    },
    /// Of a country.
    National {
        /// Two capitals of ISO 3166.
        country: String,
    },
}

/// Kinds of acts of the European Union.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ActKind {
    /// A directive.
    Directive,
    /// A regulation.
    Regulation,
    /// A decision.
    Decision,
}

impl ActKind {
    const ALL: [(Self, &str, &str); 3] = [
        (Self::Directive, "Directive", "dir"),
        (Self::Regulation, "Regulation", "reg"),
        (Self::Decision, "Decision", "dec"),
    ];
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Union { kind, year, number } => write!(f, "{kind:?} {year}/{number}"),
            Self::National { country } => write!(f, "the law of {country}"),
        }
    }
}

/// The act that a provision such as "Directive 2001/83/EC, Article 85c" or "DE: AMG, § 43" is of.
pub(super) fn act_of(provision: &str) -> Option<Act> {
    if let Some((country, rest)) = provision.split_once(": ")
        && is_country(country)
        && !rest.trim().is_empty()
    {
        return Some(Act::National { country: country.to_owned() });
    }
    let act = provision.split(',').next()?;
    let words: Vec<&str> = act.split_whitespace().collect();
    let (kind, ..) = ActKind::ALL.into_iter().find(|(_, word, _)| words.contains(word))?;
    let place =
        words.iter().position(|word| word.contains('/') && word.starts_with(|c: char| c.is_ascii_digit()))?;
    let (first, rest) = words.get(place)?.split_once('/')?;
    let second: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let (first, second) = (first.parse::<u32>().ok()?, second.parse::<u32>().ok()?);
    // Regulations before 2015 have their number first, and "No" before it.
    let number_first = place.checked_sub(1).and_then(|before| words.get(before)) == Some(&"No");
    let (year, number) = if number_first { (second, first) } else { (first, second) };
    let year = if year < 100 { year + 1900 } else { year };
    (1952..2100).contains(&year).then_some(Act::Union { kind, year, number })
}

/// The act that an ELI address at EUR-Lex leads to; `None` for other addresses.
pub(super) fn act_at(url: &str) -> Option<Act> {
    let (_, eli) = url.split_once("/eli/")?;
    let mut parts = eli.split('/');
    let kind = parts.next()?;
    let (kind, ..) = ActKind::ALL.into_iter().find(|(_, _, short)| kind.starts_with(short))?;
    let year = parts.next()?.parse().ok()?;
    // Acts of one number are told apart by a part in parentheses.
    let number = parts.next()?.split('(').next()?.parse().ok()?;
    Some(Act::Union { kind, year, number })
}

#[cfg(test)]
mod tests {
    use super::{act_at, act_of};

    #[test]
    fn acts_are_read_from_text_and_address_alike() {
        for (provision, url) in [
            ("Directive 2001/83/EC, Article 85c", "https://eur-lex.europa.eu/eli/dir/2001/83/oj"),
            ("Directive 91/671/EEC, Article 2", "https://eur-lex.europa.eu/eli/dir/1991/671/oj"),
            ("Regulation (EC) No 1107/2009, Article 28(1)", "https://eur-lex.europa.eu/eli/reg/2009/1107/oj"),
            ("Regulation (EU) 2019/6, Article 34", "https://eur-lex.europa.eu/eli/reg/2019/6/oj/eng"),
            (
                "Framework Decision 2004/757/JHA, Article 2",
                "https://eur-lex.europa.eu/eli/dec_framw/2004/757/oj",
            ),
            ("Commission Decision (EU) 2015/547", "https://eur-lex.europa.eu/eli/dec/2015/547/oj"),
            ("Commission Decision 2014/59/EU", "https://eur-lex.europa.eu/eli/dec/2014/59(1)/oj"),
        ] {
            assert!(act_of(provision).is_some(), "{provision}");
            assert_eq!(act_of(provision), act_at(url), "{provision}");
        }
        assert_ne!(act_of("Directive 2001/82/EC"), act_at("https://eur-lex.europa.eu/eli/dir/2001/83/oj"));
    }

    #[test]
    fn what_cannot_be_quoted_is_no_act() {
        for text in [
            "",
            "the Medicines Act",
            "Article 85c",
            "Directive",
            "Directive 2001",
            "DE: ",
            "Regulation (EU) x/y",
        ] {
            assert_eq!(act_of(text), None, "{text}");
        }
        assert!(act_of("DE: AMG, § 43").is_some());
        assert_eq!(act_at("https://www.gesetze-im-internet.de/amg_1976/"), None);
    }
}
