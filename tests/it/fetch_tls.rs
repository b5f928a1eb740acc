//! https: a certificate that the system trusts is accepted, any other is refused with a clear word.
//!
//! The certificates below `shop/tls` were made for these tests and are good for nothing else: a test authority, whose key
//! was thrown away, and a shop for `localhost` and 127.0.0.1.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use caveat::clock::SystemClock;
use caveat::fetch::{FetchOptions, Fetched, Fetcher, Manners, NotFetched};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use url::Url;

/// Serves two exchanges (robots.txt and a page) over TLS, each on a connection of its own.
fn tls_shop() -> SocketAddr {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("shop/tls/shop.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("shop/tls/shop-key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, stream.unwrap());
            let mut request = [0; 4096];
            let Ok(read) = stream.read(&mut request) else { continue };
            let is_page = request[..read].starts_with(b"GET /p ");
            let answer = if is_page {
                "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nsecret"
            } else {
                "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            };
            let _ = stream.write_all(answer.as_bytes());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    address
}

async fn visit(address: SocketAddr) -> Fetched {
    let fetcher = Fetcher::new(FetchOptions::new("caveat/0.1 (test)", Arc::new(SystemClock))).unwrap();
    let manners = Manners { rate_per_second: 1000.0, loopback: vec![address], ..Manners::default() };
    fetcher.get(&Url::parse(&format!("https://{address}/p")).unwrap(), &manners).await
}

#[tokio::test]
async fn an_unknown_authority_is_a_tls_error() {
    let got = visit(tls_shop()).await;
    let failure = got.outcome.unwrap_err();
    assert!(matches!(failure, NotFetched::Tls { .. }), "{failure:?}");
    assert!(failure.to_string().contains("certificate"), "{failure}");
    assert!(got.exchanges.is_empty() && !failure.is_final());
}

/// The system's trust is read from the environment when the client is built, so this runs in a process of its own.
#[test]
fn a_trusted_authority_is_accepted_and_a_system_without_any_says_so() {
    let authority = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/shop/tls/authority.pem");
    for (certificates, child) in
        [(authority.as_path(), "reads_a_trusted_site"), (Path::new("/dev/null"), "names_the_cure")]
    {
        let test = format!("fetch_tls::in_a_process_of_its_own::{child}");
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &test, "--ignored"])
            .env("SSL_CERT_FILE", certificates)
            .env_remove("SSL_CERT_DIR")
            // A proxy would see and could change everything; those of the environment are not used.
            .envs(
                ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"]
                    .map(|name| (name, "http://127.0.0.1:9")),
            )
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("1 passed"), "{said}");
    }
}

mod in_a_process_of_its_own {
    use super::{NotFetched, tls_shop, visit};

    #[tokio::test]
    #[ignore = "needs SSL_CERT_FILE; run by the test above"]
    async fn reads_a_trusted_site() {
        let got = visit(tls_shop()).await;
        assert_eq!(got.outcome.unwrap().body, b"secret");
        assert!(got.exchanges[0].remote.is_some());
    }

    #[tokio::test]
    #[ignore = "needs SSL_CERT_FILE; run by the test above"]
    async fn names_the_cure() {
        let failure = visit(tls_shop()).await.outcome.unwrap_err();
        assert!(
            matches!(failure, NotFetched::Tls { .. }) && failure.to_string().contains("ca-certificates"),
            "{failure}"
        );
    }
}
