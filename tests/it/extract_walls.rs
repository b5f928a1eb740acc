//! Walls are told from pages: what was not seen is never "nothing found", and a banner on a page is no wall.

use caveat::extract::Extractor;
use caveat::page::{Page, PageType};

fn kind(html: &str) -> (PageType, String) {
    let body = format!("<!doctype html><html>{html}</html>").into_bytes();
    let url = Some("https://shop.example/p/17".parse().unwrap());
    let page = Page { url, content_type: Some("text/html; charset=utf-8".to_owned()), body };
    let extracted = Extractor::default().extract(&page);
    (extracted.page_type, extracted.problems.join(" "))
}

#[test]
fn walls_are_told_by_what_they_are() {
    for (says, html) in [
        (
            "access check",
            "<head><title>Just a moment...</title></head><body><div id=cf-wrapper><p>Enable JavaScript and cookies to continue</p>\
             <script src=/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1></script></div>",
        ),
        (
            "access check",
            "<head><title>Nur einen Moment…</title></head><body><p>shop.example muss die Sicherheit Ihrer Verbindung überprüfen.</p>\
             <script>window._cf_chl_opt={cvId:'3'};</script>",
        ),
        (
            "access check",
            "<head><title>shop.example</title></head><body><script>var dd={'rt':'c','host':'geo.captcha-delivery.com'}</script>\
             <script src=https://ct.captcha-delivery.com/c.js></script>",
        ),
        (
            "access check",
            "<head><title>Access to this page has been denied.</title></head><body><div id=px-captcha></div><p>Press & Hold to confirm</p>",
        ),
        (
            "access check",
            "<head><title>Un contrôle</title></head><body><h1>Confirmez que vous n'êtes pas un robot</h1>\
             <form><div class=h-captcha data-sitekey=x></div><button>Envoyer</button></form>",
        ),
        (
            "access check",
            "<head><title>Comprobación</title></head><body><p>No soy un robot</p><div class=g-recaptcha></div>",
        ),
        (
            "access check",
            "<body><iframe src='/_Incapsula_Resource?SWUDNSAI=31'>Request unsuccessful.</iframe>",
        ),
        (
            "access check",
            "<head><title>Pardon Our Interruption</title></head><body><h1>Pardon Our Interruption</h1><p>Something about your browser made us think you were a bot.</p>",
        ),
        (
            "access check",
            "<head><title>Odmowa dostępu</title></head><body><h1>Odmowa dostępu</h1><p>Nie masz uprawnień.</p>",
        ),
        (
            "server refused",
            "<head><title>403 Forbidden</title></head><body><center><h1>403 Forbidden</h1></center><hr><center>nginx</center>",
        ),
        (
            "server refused",
            "<head><title>429 Too Many Requests</title></head><body><h1>Too Many Requests</h1>",
        ),
        (
            "server refused",
            "<head><title>503 Service Temporarily Unavailable</title></head><body><h1>503 Service Temporarily Unavailable</h1>",
        ),
        (
            "waiting room",
            "<head><title>Willkommen</title></head><body><h1>Sie befinden sich im Warteraum</h1><p>Geschätzte Wartezeit: 4 Minuten. Bitte laden Sie die Seite nicht neu.</p>",
        ),
        (
            "waiting room",
            "<head><title>Queue</title></head><body><p>You are now in line. Estimated wait 12 minutes.</p><script src=//static.queue-it.net/x.js></script>",
        ),
        ("waiting room", "<body><h1>File d’attente</h1><p>Vous serez bientôt redirigé.</p>"),
        (
            "consent wall",
            "<head><title>Bevor Sie fortfahren</title></head><body><h1>Bevor Sie fortfahren</h1><p>Wir verwenden Cookies und Daten, um Dienste \
             bereitzustellen. Mit Ihrer Einwilligung messen wir Werbung. Sie können zustimmen oder ablehnen.</p>\
             <form action=https://consent.shop.example/save><button>Alle akzeptieren</button><button>Ablehnen</button></form>",
        ),
        (
            "consent wall",
            "<head><title>Votre choix</title></head><body><div id=onetrust-consent-sdk><h2>Votre consentement</h2><p>Nous et nos partenaires \
             utilisons des cookies. Acceptez les cookies ou abonnez-vous pour lire sans consentement.</p><button>Accepter</button></div>",
        ),
        (
            "consent wall",
            "<body><h1>Twoja prywatność</h1><p>Aby przejść dalej, wyraź zgodę na pliki cookie. Możesz cofnąć zgodę w każdej chwili.</p><button>Zgadzam się</button>",
        ),
        (
            "login wall",
            "<head><title>Sign in</title></head><body><h1>Sign in to see prices</h1><form><input name=user><input type=password name=p><button>Sign in</button></form>",
        ),
        (
            "login wall",
            "<head><title>Přihlášení</title></head><body><form><label>E-mail<input></label><label>Heslo<input type=password></label><button>Přihlásit</button></form>",
        ),
        (
            "age gate",
            "<head><title>Dampfwelt</title></head><body><h1>Bist du mindestens 18 Jahre alt?</h1><a href=/yes class=button>Ja</a><a href=/no>Nein</a>",
        ),
        ("age gate", "<body><h2>¿Eres mayor de edad?</h2><button>Sí</button><button>No</button>"),
        (
            "age gate",
            "<body><p>You must be 18 or older to enter this site.</p><button>I am 18 or over</button>",
        ),
        (
            "sends on",
            "<head><meta http-equiv=refresh content='0; url=https://shop.example/de/p/17'></head><body>Moved",
        ),
        (
            "sends on",
            "<body><script>window.location.href = '/set?back=' + encodeURIComponent(location.pathname);</script>",
        ),
        (
            "needs scripts",
            "<head><title>Shop</title><script type=module src=/assets/index.js></script></head><body><div id=root></div>",
        ),
        ("needs scripts", "<body><app-root>Loading…</app-root><script src=main.js></script>"),
        (
            "needs scripts",
            "<head><title>Shop</title></head><body><noscript>You need to enable JavaScript to run this app.</noscript><div id=main></div><script src=/b.js></script>",
        ),
        (
            "needs scripts",
            "<head><title>Shop</title></head><body><div id=___gatsby></div><script src=a.js></script><script src=b.js></script>",
        ),
    ] {
        let (found, problems) = kind(html);
        assert_eq!(found, PageType::Blocked, "{says}: {html}");
        assert!(problems.contains(says) && problems.contains("not seen"), "{says}: {problems}\n{html}");
    }
}

#[test]
fn ordinary_pages_are_not_walls() {
    let menu: String = (0..14).map(|n| format!("<li><a href=/c/{n}>Department {n}</a></li>")).collect();
    let about = "We have sold hand tools in this street since 1971. Come by on weekdays from nine to six, or write to us. \
                 Our workshop sharpens planes, saws and chisels while you wait, and repairs what we sold years ago. ";
    for html in [
        // A banner, however it is built.
        format!(
            "<head><title>About us</title></head><body><nav><ul>{menu}</ul></nav><main><h1>About us</h1><p>{about}{about}</p></main>\
             <div id=onetrust-banner-sdk><p>We use cookies. With your consent we also use cookies of partners.</p><button>Accept</button></div>"
        ),
        format!(
            "<head><title>Über uns</title></head><body><main><h1>Über uns</h1><p>{about}{about}</p></main>\
             <div class=cookie-notice>Diese Seite verwendet Cookies. <a href=/datenschutz>Datenschutz</a> <button>Zustimmen</button></div>"
        ),
        // A form with a captcha, a login field in the header, watching programs.
        format!(
            "<head><title>Contact</title></head><body><nav><ul>{menu}</ul></nav><h1>Contact</h1><p>{about}</p>\
             <form><textarea></textarea><div class=g-recaptcha></div><button>Send</button></form>"
        ),
        format!(
            "<head><title>Opening hours</title><script src=https://js.datadome.co/tags.js></script></head><body><nav><ul>{menu}</ul></nav>\
             <form class=login><input type=password></form><ul><li><a href=/x>a</a></ul><h1>Opening hours</h1><p>{about}</p><p>{about}</p>"
        ),
        // A page that was not found is no wall.
        "<head><title>404 Not Found</title></head><body><h1>Not found</h1><p>The page you are looking for does not exist. Try the search.</p>"
            .to_owned(),
        // A shop that only speaks of age.
        format!("<head><title>Delivery</title></head><body><nav><ul>{menu}</ul></nav><h1>Delivery</h1><p>{about} We sell blades to persons over 18 only.</p>"),
        // A product whose page has an age question over it.
        "<head><title>Liquid Apple</title></head><body><div class=age-modal><p>Are you over 18?</p><button>Yes</button></div>\
         <h1>Liquid Apple</h1><p class=price>€9.90</p><button>Add to cart</button><p>SKU: LQ-17</p>"
            .to_owned(),
        "<head><title>Hammer</title></head><body><div class=g-recaptcha></div><h1>Hammer</h1><p class=price>€19.90</p>\
         <button>Add to cart</button><form><input type=password></form>"
            .to_owned(),
    ] {
        let (found, problems) = kind(&html);
        assert_ne!(found, PageType::Blocked, "{problems}\n{html}");
    }
}
