//! What stands between us and a page: captchas, consent, login, age and queue walls, shells, pages that send on.
//!
//! Asked only of pages that show neither an offer nor a list, and only where there is little text: a banner, a login
//! field or a captcha in a form on an ordinary page is no wall.

use super::head::Head;
use super::outline::{Id, Outline, Tag, mark};
use super::words::Vocabulary;

/// A wall says little; a page with more text than this shows something.
const WALL_TEXT: usize = 3500;
/// A check, a gate or an error page says less.
const CHECK_TEXT: usize = 1500;
/// A page with less text than this shows nothing.
const SHELL_TEXT: usize = 250;
/// Bytes of markup in which programs are looked for.
const MARKUP_BYTES: usize = 200_000;

/// Programs that stand before a page, and nowhere else.
static CHALLENGES: Vocabulary = Vocabulary::new(&[
    "cf-challenge",
    "cf-chl-",
    "_cf_chl_opt",
    "challenge-form",
    "captcha-delivery.com",
    "px-captcha",
    "_incapsula_resource",
    "ddos-guard",
    "awswafcaptcha",
    "awswafintegration",
    "robot check",
    "distil_r_captcha",
    "ips.js?kpsdk",
    "kpsdk-",
    "are you a human",
    "captcha-container",
    "validatecaptcha",
]);

/// Programs that also stand in the forms and behind the scenes of ordinary pages.
static GUARDS: Vocabulary = Vocabulary::new(&[
    "captcha",
    "challenge-platform",
    "cf-turnstile",
    "perimeterx",
    "datadome",
    "incapsula",
    "awswaf",
    "aws-waf",
    "kasada",
]);

/// What checks say to visitors.
#[rustfmt::skip]
static CHECK_WORDS: Vocabulary = Vocabulary::new(&[
    "just a moment", "attention required", "checking your browser", "checking if the site connection",
    "verify you are human", "verify that you are human", "verifying you are human", "are you a robot",
    "are you a human", "unusual traffic", "unusual activity", "not a robot", "pardon our interruption",
    "access denied", "access to this page has been denied", "enable cookies", "security check",
    "request blocked", "you have been blocked", "automated access", "bot detection", "press & hold",
    "press and hold", "type the characters you see", "reference #", "ray id",
    "zugriff verweigert", "nur einen moment", "sicherheitsüberprüfung", "sicherheitscheck", "kein roboter",
    "ein mensch sind", "ungewöhnlichen datenverkehr", "geben sie die zeichen",
    "accès refusé", "un instant…", "pas un robot", "êtes humain", "trafic inhabituel", "vérification de sécurité",
    "acceso denegado", "un momento…", "no eres un robot", "no soy un robot", "eres humano", "tráfico inusual",
    "accesso negato", "non sei un robot", "non sono un robot", "traffico insolito", "odmowa dostępu",
    "dostęp zabroniony", "nie jesteś robotem", "nie jestem robotem", "toegang geweigerd", "geen robot",
    "acesso negado", "não é um robô", "não sou um robô", "přístup odepřen", "nejsem robot", "nejste robot",
    "acces interzis", "acces refuzat", "nu sunt robot", "åtkomst nekad", "inte en robot", "η πρόσβαση απορρίφθηκε",
    "δεν είμαι ρομπότ", "δεν είστε ρομπότ", "hozzáférés megtagadva", "nem vagyok robot", "достъпът е отказан",
    "не съм робот", "не сте робот", "pääsy estetty", "en ole robotti", "et ole robotti", "доступ ограничен",
    "я не робот",
]);

/// What consent walls speak of.
#[rustfmt::skip]
const CONSENT_WORDS: &[&str] = &[
    "consent", "cookie", "einwilligung", "zustimmen", "datenschutz", "consentement", "consentimiento", "consenso",
    "toestemming", "zgod", "согласи", "съгласи", "samtycke", "consentimento", "souhlas", "consimțământ",
    "συγκατάθεση", "hozzájárul", "suostumus", "evästeet",
];

/// What stands before a shop that lets in a few at a time.
#[rustfmt::skip]
static QUEUE_WORDS: Vocabulary = Vocabulary::new(&[
    "waiting room", "queue-it", "you are now in line", "you are in line", "in the queue", "your turn",
    "warteraum", "warteschlange", "file d'attente", "file d’attente", "sala de espera", "cola virtual",
    "sala d'attesa", "in coda", "poczekalni", "w kolejce", "wachtkamer", "wachtrij", "fila de espera", "čekárna",
    "ve frontě", "sală de așteptare", "väntrum", "står i kö", "αίθουσα αναμονής", "σε αναμονή", "várakoz",
    "чакалня", "на опашката", "odotushuone", "jonossa",
]);

/// What stands before goods for adults.
#[rustfmt::skip]
static AGE_WORDS: Vocabulary = Vocabulary::new(&[
    "over 18", "18 or older", "18 or over", "18 years or older", "18 years of age", "of legal age", "age verification",
    "over 21", "21 or older", "verify your age", "über 18", "18 jahre", "volljährig", "altersprüfung",
    "altersverifikation", "majeur", "18 ans", "mayor de edad", "18 años", "maggiorenne", "18 anni", "pełnoletni",
    "18 lat", "18 jaar", "maior de idade", "18 anos", "18 let", "plnolet", "18 ani", "över 18", "18 år", "άνω των 18",
    "18 ετών", "18 éves", "elmúltál 18", "18 години", "yli 18", "täysi-ikäi",
]);

/// What stands over a field for a password.
#[rustfmt::skip]
static LOGIN_WORDS: Vocabulary = Vocabulary::new(&[
    "log in", "login", "sign in", "anmeld", "einloggen", "connexion", "connecter", "identifi", "iniciar sesión",
    "acced", "entrar", "zaloguj", "logowanie", "inlog", "aanmeld", "přihlá", "autentific", "conectare", "logga in",
    "σύνδεση", "είσοδος", "bejelentkez", "belép", "вход", "войти", "kirjaudu", "password", "members only",
]);

/// Status lines that servers write as pages.
#[rustfmt::skip]
static STATUS_WORDS: Vocabulary = Vocabulary::new(&[
    "403 forbidden", "429 too many", "503 service", "too many requests", "service unavailable",
    "service temporarily unavailable", "error 1020", "error 1015", "rate limited", "403 error", "http error 403",
    "http error 429", "http error 503", "error 403", "error 429", "error 503", "403 - forbidden",
]);

/// The reason why the page was not seen, in words for people; `None` where nothing stands in the way.
pub(super) fn wall(outline: &Outline<'_>, head: &Head) -> Option<String> {
    let text = outline.text_up_to(0, 2 * WALL_TEXT, false);
    let size = text.chars().count();
    if size >= WALL_TEXT {
        return None;
    }
    let title = head.title.to_lowercase();
    let shown = format!("{title} {}", text.to_lowercase());
    let links = links_in(outline, |_| true);
    let little = size < CHECK_TEXT && links < 25;
    if let Some(what) = check(outline, &shown, size, links) {
        return Some(not_seen(what));
    }
    if size < 600 && STATUS_WORDS.in_text(&shown) {
        return Some(not_seen("the server refused to show the page"));
    }
    if little && QUEUE_WORDS.in_text(&shown) && links < 12 && size < 1000 {
        return Some(not_seen("a waiting room stands in the way"));
    }
    if is_consent(outline, head, &shown, size) {
        return Some(not_seen("a consent wall stands in the way"));
    }
    if has_password(outline) && size < CHECK_TEXT && (links < 15 || LOGIN_WORDS.in_text(&title)) {
        return Some(not_seen("a login wall stands in the way"));
    }
    if little && size < 900 && links < 12 && AGE_WORDS.in_text(&shown) && asks(outline) {
        return Some(not_seen("an age gate stands in the way"));
    }
    if size < SHELL_TEXT && head.refresh {
        return Some(not_seen("the page only sends on to another one"));
    }
    if size < 100 && sends_on(outline) {
        return Some(not_seen("a script sends on to another page"));
    }
    if is_shell(outline, &text) {
        return Some(not_seen("an empty shell that needs scripts"));
    }
    None
}

fn not_seen(what: &str) -> String {
    format!("{what}: the page was not seen")
}

fn check(outline: &Outline<'_>, shown: &str, size: usize, links: usize) -> Option<&'static str> {
    const CHECK: &str = "a captcha or access check stands in the way";
    let spoken = CHECK_WORDS.in_text(shown);
    if spoken && size < CHECK_TEXT && links < 25 {
        return Some(CHECK);
    }
    let markup =
        outline.source.get(..outline.source.floor_char_boundary(MARKUP_BYTES)).unwrap_or(outline.source);
    if size < 1200 && CHALLENGES.in_text(markup) {
        return Some(CHECK);
    }
    // A form with a captcha of its own, or a shop that is watched, has links and a text.
    (size < 400 && links < 8 && GUARDS.in_text(markup)).then_some(CHECK)
}

fn links_in(outline: &Outline<'_>, counts: impl Fn(Id) -> bool) -> usize {
    let link = |id: &Id| outline.tag(*id) == Tag::A && !outline.has(*id, mark::HIDDEN) && counts(*id);
    outline.ids().filter(link).take(100).count()
}

/// Boxes that are named for consent.
static CONSENT_NAMES: Vocabulary = Vocabulary::new(&[
    "consent",
    "cookie",
    "gdpr",
    "dsgvo",
    "onetrust",
    "didomi",
    "usercentrics",
    "cmp-",
    "cmpbox",
    "cmpwrapper",
    "truste",
    "privacy-",
    "sp_message",
    "fc-dialog",
    "qc-cmp",
    "iubenda",
    "axeptio",
    "tarteaucitron",
    "rgpd",
]);

/// Nearly everything is about consent. Beside a banner there is a page.
fn is_consent(outline: &Outline<'_>, head: &Head, shown: &str, size: usize) -> bool {
    let words = CONSENT_WORDS.iter().map(|word| shown.matches(word).count()).sum::<usize>();
    if words == 0 {
        return false;
    }
    let (mut boxed, mut end) = (0, 0);
    let mut boxes: Vec<(Id, Id)> = Vec::new();
    for id in outline.ids().filter(|id| outline.has(*id, mark::CLASS | mark::ID)) {
        if id < end || matches!(outline.tag(id), Tag::Html | Tag::Body) || outline.has(id, mark::HIDDEN) {
            continue;
        }
        if CONSENT_NAMES.in_text(outline.class(id)) || CONSENT_NAMES.in_text(outline.id_attribute(id)) {
            end = outline.element(id).map_or(0, |element| element.end);
            boxed += outline.text_size(id);
            boxes.push((id, end));
        }
    }
    let whole = outline.text_size(0);
    let outside = whole.saturating_sub(boxed);
    let links = links_in(outline, |id| !boxes.iter().any(|(from, to)| (*from..*to).contains(&id)));
    let about = ["consent", "cookie", "gdpr"];
    let address = head.base.as_ref().is_some_and(|url| {
        let path = url.path().to_ascii_lowercase();
        about.iter().any(|word| url.host_str().unwrap_or("").contains(word) || path.contains(word))
    });
    let form = outline.ids().any(|id| {
        let action = outline.raw_attribute(id, "action").unwrap_or("").to_ascii_lowercase();
        outline.tag(id) == Tag::Form && about.iter().any(|word| action.contains(word))
    });
    if address || form {
        return links < 40 && asks(outline);
    }
    let dense = words > 1 && words * 250 >= size;
    if boxes.is_empty() { dense && links < 12 && asks(outline) } else { outside < 300 && links < 8 }
}

/// Something can be pressed.
fn asks(outline: &Outline<'_>) -> bool {
    outline.ids().any(|id| {
        matches!(outline.tag(id), Tag::Button | Tag::Input)
            || outline.raw_attribute(id, "role").is_some_and(|role| role == "button")
            || outline.tag(id) == Tag::A && outline.raw_attribute(id, "href").is_some()
    })
}

fn has_password(outline: &Outline<'_>) -> bool {
    outline.ids().any(|id| {
        outline.tag(id) == Tag::Input
            && outline.raw_attribute(id, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("password"))
            && !outline.has(id, mark::HIDDEN)
    })
}

/// A script that goes elsewhere, on a page of nothing else.
fn sends_on(outline: &Outline<'_>) -> bool {
    const GOES: &[&str] = &[
        "location.href=",
        "location.replace(",
        "location.assign(",
        "window.location=",
        "document.location=",
    ];
    outline.source.len() < 20_000
        && outline.ids().filter(|id| outline.tag(*id) == Tag::Script).take(20).any(|id| {
            let program: String = outline.inner(id).chars().filter(|c| !c.is_whitespace()).collect();
            GOES.iter().any(|goes| program.contains(goes))
        })
}

/// Scripts, a place for them to write to, and nothing else.
fn is_shell(outline: &Outline<'_>, text: &str) -> bool {
    const ROOTS: &[&str] = &[
        "app",
        "root",
        "__next",
        "__nuxt",
        "main-app",
        "react-root",
        "mount",
        "gatsby-focus-wrapper",
        "___gatsby",
        "app-root",
        "react-app",
        "vue-app",
        "q-app",
        "application",
        "svelte",
        "ember-application",
        "spa-root",
    ];
    if text.chars().count() >= SHELL_TEXT {
        return false;
    }
    let (mut scripts, mut root) = (false, false);
    for id in outline.ids() {
        match outline.tag(id) {
            Tag::Script => scripts = true,
            Tag::Noscript => root |= outline.inner(id).to_ascii_lowercase().contains("javascript"),
            Tag::Other => root |= outline.place(id).starts_with("app-root"),
            _ => root |= ROOTS.contains(&outline.id_attribute(id)),
        }
    }
    scripts && (root || text.len() < 40)
}
