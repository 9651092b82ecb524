//! HTTPS without a proxy: a certificate of the test's own, and a client that trusts no other.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use triage::desk::{Desk, SystemClock};
use triage::http::{Door, Tls, serve};
use triage::live::Live;

use crate::ENGINE;
use crate::http::{PATIENT, options};

fn client(trusted: CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted).unwrap();
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(ring).with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

fn ask(address: SocketAddr, config: Arc<ClientConfig>) -> std::io::Result<String> {
    let name = ServerName::try_from("localhost").unwrap();
    let socket = TcpStream::connect(address)?;
    socket.set_read_timeout(Some(PATIENT))?;
    let mut stream = StreamOwned::new(ClientConnection::new(config, name).unwrap(), socket);
    stream.write_all(b"GET /ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn https_is_spoken_with_the_certificate_of_the_files_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (chain, key) = (folder.path().join("chain.pem"), folder.path().join("key.pem"));
    std::fs::write(&chain, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let tls = Some(Tls::open(chain.clone(), key).await.unwrap());

    let live = Arc::new(Live::new(Arc::clone(&ENGINE)));
    let desk = Desk::open(live, None, Arc::new(SystemClock), options()).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, desk, Door { tls, ..Door::default() }, std::future::pending()));

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    tokio::task::spawn_blocking(move || {
        let answer = ask(address, client(certified.cert.der().clone())).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.contains(r#"{"status":"ready"}"#), "{answer}");
        assert!(ask(address, client(other.cert.der().clone())).is_err(), "another certificate is not trusted");
        let plain = crate::http::exchange(address, "GET /ready HTTP/1.1\r\nhost: t\r\n\r\n").unwrap_or_default();
        assert!(!plain.contains("ready"), "{plain}");
    })
    .await
    .unwrap();

    let wrong = Tls::open(chain.clone(), chain).await.unwrap_err();
    assert!(format!("{wrong:#}").contains("cannot use the certificate"), "{wrong:#}");
}
