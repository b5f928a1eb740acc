//! A new workspace: the files that an authority starts from. Nothing that is there already is touched.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{CONFIG_FILE, embedded_packs};
use crate::config;
use crate::document::Level;

/// What `init` did with one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The file.
    pub path: PathBuf,
    /// False when it was there already and was left alone.
    pub new: bool,
}

/// Why a workspace could not be made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// A file or folder cannot be written.
    #[error("cannot create {path}: {cause}; choose a folder that you may write to", path = path.display())]
    Unwritable {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// `--operator` or `--contact` cannot stand in a user agent.
    #[error("{0}")]
    Unsound(String),
}

/// Makes a workspace in `folder`.
pub fn init(folder: &Path, operator: Option<&str>, contact: Option<&str>) -> Result<Vec<Made>, InitError> {
    let config = config_text(operator, contact);
    let (_, diagnostics) = config::parse(CONFIG_FILE, config.as_bytes());
    if let Some(wrong) = diagnostics.iter().find(|diagnostic| diagnostic.level == Level::Error) {
        let help = wrong.help.as_deref().map(|help| format!("; {help}")).unwrap_or_default();
        return Err(InitError::Unsound(format!("nothing was made: {}{help}", wrong.message)));
    }
    let mut made = vec![
        write(&folder.join(CONFIG_FILE), config.as_bytes())?,
        write(&folder.join("sources/shop-example.toml.example"), SOURCE.as_bytes())?,
        write(&folder.join("corpus/listings.jsonl"), CORPUS.as_bytes())?,
    ];
    for file in embedded_packs() {
        // Embedded files were read when the program was built.
        made.push(write(&folder.join("rules").join(file.path), &file.text.unwrap_or_default())?);
    }
    Ok(made)
}

fn write(path: &Path, text: &[u8]) -> Result<Made, InitError> {
    let failed = |cause| InitError::Unwritable { path: path.to_owned(), cause };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => {
            file.write_all(text).map_err(failed)?;
            Ok(Made { path: path.to_owned(), new: true })
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(Made { path: path.to_owned(), new: false })
        }
        Err(error) => Err(failed(error)),
    }
}

fn config_text(operator: Option<&str>, contact: Option<&str>) -> String {
    let line = |key: &str, value: Option<&str>, example: &str| match value {
        Some(value) => format!("{key} = {}", toml::Value::from(value)),
        None => format!("# {key} = \"{example}\""),
    };
    format!(
        "\
# Who operates this installation. Both stand in the user agent, so that a shop can see who asks and whom to write to.
# Without a contact, only shops on this machine are crawled.
{operator}
{contact}

# country   = \"DE\"                # ISO 3166 code of the authority's country
time_zone = \"Europe/Brussels\"   # IANA name; times are shown in it
data      = \"data\"              # where findings and evidence are kept, relative to this file

# packs = [\"medicines\", \"goods\"] # rule packs that are on; default: those that say so themselves

[retention]
listings_days = 90               # unflagged listings, for new rules to be run over
unflagged_evidence_days = 30     # exchanges of unflagged product pages
",
        operator = line("operator", operator, "Market Surveillance Authority, Exampleland"),
        contact = line("contact", contact, "crawler@authority.example"),
    )
}

const SOURCE: &str = r#"# One shop. Copy to ID.toml (the file's name is the id), then: caveat sources check ID; caveat crawl ID --dry-run
id     = "shop-example"
name   = "Shop Example"
start  = ["https://shop.example/c/health"]   # pages, sitemaps or feeds
market = "DE"                                # where the offers are aimed

# robots.txt-style path patterns; the longest match wins, deny wins ties
allow = ["/p/", "/c/"]
deny  = ["/p/*?review"]

# schedule = "0 3 * * 1-5 Europe/Berlin"

[limits]
rate_per_second = 1.0      # an upper bound; the shop's own robots.txt may ask for less
concurrency     = 2
max_pages       = 5000
max_depth       = 12

# Only where the shop's pages do not say it themselves (see `caveat extract --explain`):
# [select]
# title = "h1.product-title"
# price = ".price"
# next  = "a[rel=next]@href"
"#;

const CORPUS: &str = "";
