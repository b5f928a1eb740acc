//! `rules new`: a rule to be filled in, with a word on every part.

use std::fmt::Write as _;

use crate::rules::taxonomy::Class;

/// What stands where the author's own words belong.
pub const PLACEHOLDER: &str = "REPLACE ";

/// The file of a new rule. It has everything that lint asks for, and stays a draft until its author says otherwise.
///
/// `printed_matter` says whether the rules folder has the list of that name.
pub fn skeleton(id: &str, class_name: &str, class: &Class, printed_matter: bool) -> String {
    let plain =
        |text: Option<&String>| text.map_or(class_name, String::as_str).replace(['"', '\\', '\n'], "'");
    let (title, check) = (plain(class.title.get("en")), plain(class.check.get("en")));
    let books =
        if printed_matter { r#"list   = "printed-matter""# } else { r#"terms  = ["book", "poster"]"# };
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        r#"# {title}. An officer will ask: {check}
# Try it as you write:  caveat rules watch --rule {id}
#                       caveat rules explain {id} "the title of an offer"
format = 1
id     = "{id}"
title  = "{title} offered in a shop"
status = "draft"
class  = "{class_name}"
langs  = ["*"]
when   = "product and (claim or detail)"

# What the product is called: in every language that you know, and by its brands. `evasive` undoes disguises.
[pat.product]
terms  = ["REPLACE product"]
fold   = "evasive"

# What a seller says of it that gives it away.
[pat.claim]
terms  = ["REPLACE claim"]

# A size, dose or strength. `number` keeps only what lies between bounds.
[pat.detail]
regex  = '\b(\d{{1,4}}) ?(?:mg|ml)\b'
number = {{ group = 1, min = 1 }}

# What only bears the name: books, pictures, costumes. `unless` keeps sellers from buying themselves off with a word.
[except.printed_matter]
{books}
fields = ["title", "category"]
unless = ["claim"]
why    = "a book, picture or record about it"

[bar]
precision = 0.90

# Each line of the rule should have a test that fails without it: `caveat rules test --coverage --rule {id}`
[[test]]
name = "an offer as sellers write it"
flag = {{ title = "REPLACE product 20 mg", description = "REPLACE claim", price = {{ amount = "25", currency = "EUR" }} }}
hits = {{ product = "REPLACE product" }}

[[test]]
name = "a book about it"
pass = {{ title = "REPLACE product 20 mg: a history (book)", category = ["Books"], price = {{ amount = "12", currency = "EUR" }} }}

[[test]]
name = "something harmless that looks like it"
pass = {{ title = "REPLACE something like it", price = {{ amount = "9", currency = "EUR" }} }}
"#
    );
    text
}
