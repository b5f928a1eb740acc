//! The classes of danger: severity, competent authority, legal basis and fitting notices of each.

use std::collections::BTreeMap;

use crate::finding::Severity;

/// All classes by name.
#[derive(Debug, Clone, Default)]
pub struct Taxonomy {
    /// `medicine.erectile` → what it is.
    pub classes: BTreeMap<String, Class>,
}

/// One class of danger.
#[derive(Debug, Clone)]
pub struct Class {
    /// Title by language (`en`, `de`, `fr`).
    pub title: BTreeMap<String, String>,
    /// What an officer should check, by language.
    pub check: BTreeMap<String, String>,
    /// Default severity.
    pub severity: Severity,
    /// Who is competent.
    pub authority: String,
    /// The law that the offer may break.
    pub legal_basis: Vec<LegalBasis>,
    /// Kinds of notices that fit (`dsa16`, `dsa9`, `gpsr22`, `safetygate`).
    pub notices: Vec<String>,
}

/// One provision. A lawyer must confirm that it applies.
#[derive(Debug, Clone)]
pub struct LegalBasis {
    /// The exact provision, such as "Directive 2001/83/EC, Article 85c".
    pub provision: String,
    /// ELI or EUR-Lex address.
    pub url: String,
    /// The day somebody last checked it (ISO date).
    pub checked: String,
}
