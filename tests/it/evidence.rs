//! Evidence from outside: written, read back, torn, tampered with, and read from foreign files.

use std::io::{BufReader, Cursor, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use caveat::clock::{FixedClock, Timestamp};
use caveat::evidence::{
    Claim, EvidenceError, EvidenceWriter, Record, WarcFault, WarcReader, http_response, read_place, verify,
};
use caveat::finding::WarcPlace;
use caveat::page::Exchange;
use proptest::prelude::*;
use url::Url;

const NOW: Timestamp = Timestamp(1_764_000_000_000);
const CAP: usize = 1 << 20;

pub(crate) fn open(data: &Path) -> EvidenceWriter {
    EvidenceWriter::open(data, Arc::new(FixedClock::new(NOW))).unwrap()
}

pub(crate) fn exchange(url: &str, body: &[u8]) -> Exchange {
    Exchange {
        url: Url::parse(url).unwrap(),
        sent_at: NOW,
        took: Duration::from_millis(12),
        remote: Some(SocketAddr::from(([127, 0, 0, 1], 8080))),
        request_headers: vec![("user-agent".to_owned(), "caveat".to_owned())],
        status: 200,
        response_headers: vec![
            ("Content-Type".to_owned(), b"text/html".to_vec()),
            ("Transfer-Encoding".to_owned(), b"chunked".to_vec()),
        ],
        body: body.to_vec(),
        truncated: false,
    }
}

fn claim(place: &WarcPlace) -> Claim {
    Claim { finding: "f".to_owned(), place: place.clone() }
}

fn file(data: &Path, place: &WarcPlace) -> PathBuf {
    data.join("evidence").join(&place.warc)
}

fn records(bytes: &[u8]) -> Vec<Result<Record, String>> {
    WarcReader::checking(Cursor::new(bytes), CAP)
        .map(|record| record.map_err(|error| error.to_string()))
        .collect()
}

#[test]
fn a_chain_is_written_as_records_that_name_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let writer = open(dir.path());
    let mut hop = exchange("http://127.0.0.1:8080/old?q=1#part", b"");
    hop.status = 301;
    let mut page = exchange("http://127.0.0.1:8080/new", "Grüße".as_bytes());
    page.truncated = true;
    page.response_headers.push(("Content-Length".to_owned(), b"999".to_vec()));
    page.response_headers.push(("X-Odd".to_owned(), b"a\r\nForged: yes".to_vec()));
    let place = writer.append(&[hop, page]).wait().unwrap();
    assert_eq!(place.warc, "caveat-20251124160000-00001.warc.gz");
    let bytes = std::fs::read(file(dir.path(), &place)).unwrap();
    let read: Vec<Record> = records(&bytes).into_iter().map(Result::unwrap).collect();
    let kinds: Vec<&str> = read.iter().map(|record| record.kind.as_str()).collect();
    assert_eq!(kinds, ["warcinfo", "request", "response", "request", "response"]);
    assert_eq!(read[1].target(), Some("http://127.0.0.1:8080/old?q=1"));
    assert_eq!(read[3].field("WARC-Concurrent-To"), read[4].field("WARC-Record-ID"));
    assert_eq!(read[4].field("WARC-Concurrent-To"), read[3].field("WARC-Record-ID"));
    let request = String::from_utf8(read[1].block.clone()).unwrap();
    insta::assert_snapshot!(request.replace('\r', ""), @r"
    GET /old?q=1 HTTP/1.1
    Host: 127.0.0.1:8080
    user-agent: caveat
    ");
    let response = String::from_utf8(read[4].block.clone()).unwrap();
    insta::assert_snapshot!(response.replace('\r', "~"), @r"
    HTTP/1.1 200 ~
    Content-Type: text/html~
    X-Caveat-Orig-Transfer-Encoding: chunked~
    X-Caveat-Orig-Content-Length: 999~
    X-Odd: a  Forged: yes~
    Content-Length: 7~
    ~
    Grüße
    ");
    let fields = |record: &Record, names: &[&str]| -> Vec<String> {
        names.iter().map(|name| record.field(name).unwrap_or("-").to_owned()).collect()
    };
    assert_eq!(
        fields(&read[4], &["WARC-Date", "WARC-IP-Address", "WARC-Truncated", "WARC-Payload-Digest"]),
        [
            "2025-11-24T16:00:00Z",
            "127.0.0.1",
            "unspecified",
            "sha256:7A7AHF4WYZCTUEHVKGPDT7IRHEAVOIYWUGUOUB6LKJOSQAO72B2A===="
        ]
    );
    assert_eq!((read[4].offset, read[4].member_sha256.as_ref()), (place.offset, Some(&place.sha256)));
    let message = http_response(&read[4]).unwrap();
    assert_eq!((message.status, message.body.as_slice()), (200, "Grüße".as_bytes()));
    assert_eq!(read_place(dir.path(), &place, CAP).unwrap().block, read[4].block);
}

#[test]
fn nothing_is_no_evidence_and_a_second_writer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let writer = open(dir.path());
    assert!(matches!(writer.append(&[]).wait(), Err(EvidenceError::Empty)));
    let error = EvidenceWriter::open(dir.path(), Arc::new(FixedClock::new(NOW))).err().unwrap();
    assert!(error.to_string().contains("another caveat process writes evidence"), "{error}");
    drop(writer);
    drop(open(dir.path()));
}

#[test]
fn many_tasks_share_one_file_and_the_next_process_goes_on_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut places = Vec::new();
    for round in 0..2 {
        let writer = open(dir.path());
        assert_eq!(writer.repairs(), []);
        let more = std::thread::scope(|scope| {
            let tasks: Vec<_> = (0..8)
                .map(|task| {
                    let writer = writer.clone();
                    scope.spawn(move || {
                        let url = format!("http://shop.example/{round}/{task}");
                        writer.append(&[exchange(&url, url.as_bytes())]).wait().unwrap()
                    })
                })
                .collect();
            tasks.into_iter().map(|task| task.join().unwrap()).collect::<Vec<_>>()
        });
        places.extend(more);
    }
    assert!(places.iter().all(|place| place.warc == places[0].warc));
    let claims: Vec<Claim> = places.iter().map(claim).collect();
    let verified = verify(dir.path(), &claims).unwrap();
    assert_eq!((verified.files, verified.records, verified.proven), (1, 33, 16));
    assert_eq!(verified.problems, []);
}

#[test]
fn a_torn_end_is_moved_aside_and_evidence_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).append(&[exchange("http://a.example/1", b"one")]).wait().unwrap();
    let whole = std::fs::read(file(dir.path(), &first)).unwrap();
    open(dir.path()).append(&[exchange("http://a.example/2", &[7; 5000])]).wait().unwrap();
    let longer = std::fs::read(file(dir.path(), &first)).unwrap();
    // As after a crash: TAIL still tells of the first record only, and the file ends somewhere in the second.
    for (cut, tail_known) in [
        (whole.len() + 1, true),
        (whole.len() + 300, true),
        (longer.len() - 1, true),
        (longer.len() - 1, false),
    ] {
        let copy = tempfile::tempdir().unwrap();
        std::fs::create_dir(copy.path().join("evidence")).unwrap();
        std::fs::write(file(copy.path(), &first), &longer[..cut]).unwrap();
        if tail_known {
            let tail = format!("{:<127}\n", format!("{} {}", first.warc, whole.len()));
            std::fs::write(copy.path().join("evidence/TAIL"), tail).unwrap();
        }
        let writer = open(copy.path());
        let [repair] = writer.repairs() else { panic!("{cut}: {:?}", writer.repairs()) };
        assert!(repair.message.contains("never acknowledged"), "{}", repair.message);
        let offset = usize::try_from(repair.offset).unwrap();
        assert!(offset >= whole.len() && offset < cut, "{cut} {offset}");
        let torn = file(copy.path(), &first).with_file_name(format!("{}.torn-{offset}", first.warc));
        assert_eq!(std::fs::read(torn).unwrap(), &longer[offset..cut]);
        let third = writer.append(&[exchange("http://a.example/3", b"three")]).wait().unwrap();
        assert_eq!((&third.warc, third.offset > repair.offset), (&first.warc, true));
        let verified = verify(copy.path(), &[claim(&first), claim(&third)]).unwrap();
        assert_eq!((verified.proven, verified.problems), (2, vec![]), "{cut}");
    }
}

#[test]
fn whole_evidence_behind_damage_is_never_cut_off() {
    let dir = tempfile::tempdir().unwrap();
    let writer = open(dir.path());
    let first = writer.append(&[exchange("http://a.example/1", &[7; 5000])]).wait().unwrap();
    let second = writer.append(&[exchange("http://a.example/2", b"two")]).wait().unwrap();
    drop(writer);
    let path = file(dir.path(), &first);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[usize::try_from(first.offset).unwrap() + 40] ^= 0x55;
    std::fs::write(&path, &bytes).unwrap();
    std::fs::remove_file(dir.path().join("evidence/TAIL")).unwrap();
    let writer = open(dir.path());
    assert!(writer.repairs()[0].message.contains("damaged"), "{:?}", writer.repairs());
    let third = writer.append(&[exchange("http://a.example/3", b"three")]).wait().unwrap();
    assert_eq!(third.warc, "caveat-20251124160000-00002.warc.gz");
    let verified = verify(dir.path(), &[claim(&first), claim(&second), claim(&third)]).unwrap();
    assert_eq!(verified.proven, 2);
    assert_eq!(verified.problems.len(), 1);
    assert_eq!(
        (verified.problems[0].offset, verified.problems[0].finding.as_deref()),
        (first.offset, Some("f"))
    );
}

#[test]
fn every_kind_of_tampering_shows() {
    type Tamper = fn(&mut Vec<u8>, &mut WarcPlace);
    let cases: [(&str, Tamper, &str); 6] = [
        (
            "byte changed",
            |bytes, place| bytes[usize::try_from(place.offset).unwrap() + 60] ^= 1,
            "gzip member",
        ),
        ("end cut", |bytes, _| bytes.truncate(bytes.len() - 30), "gzip member"),
        (
            "record removed",
            |bytes, place| bytes.truncate(usize::try_from(place.offset).unwrap()),
            "no record begins here",
        ),
        (
            "record replaced",
            |bytes, place| {
                let start = usize::try_from(place.offset).unwrap();
                let mut text = Vec::new();
                std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[start..]), &mut text)
                    .unwrap();
                let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
                packed.write_all(&text).unwrap();
                bytes.truncate(start);
                bytes.extend(packed.finish().unwrap());
            },
            "its SHA-256 is",
        ),
        ("offset of a request", |_, place| place.offset = 0, "it is a warcinfo record"),
        (
            "another file",
            |_, place| place.warc = "caveat-20251124160000-00009.warc.gz".to_owned(),
            "the file is missing",
        ),
    ];
    for (name, tamper, told) in cases {
        let dir = tempfile::tempdir().unwrap();
        let mut place = open(dir.path()).append(&[exchange("http://a.example/", &[7; 900])]).wait().unwrap();
        let path = file(dir.path(), &place);
        let mut bytes = std::fs::read(&path).unwrap();
        tamper(&mut bytes, &mut place);
        std::fs::write(&path, bytes).unwrap();
        let verified = verify(dir.path(), &[claim(&place)]).unwrap();
        assert_eq!(verified.proven, 0, "{name}");
        let messages: Vec<&str> = verified.problems.iter().map(|problem| problem.message.as_str()).collect();
        assert!(messages.iter().any(|message| message.contains(told)), "{name}: {messages:?}");
        assert!(verified.problems.iter().any(|problem| problem.finding.as_deref() == Some("f")), "{name}");
        assert!(read_place(dir.path(), &place, CAP).is_err(), "{name}");
    }
    let dir = tempfile::tempdir().unwrap();
    let outside = WarcPlace {
        warc: "../caveat-20251124160000-00001.warc.gz".to_owned(),
        offset: 0,
        sha256: String::new(),
    };
    let error = read_place(dir.path(), &outside, CAP).unwrap_err().to_string();
    assert!(error.contains("is no evidence file"), "{error}");
}

#[test]
fn a_changed_block_in_an_uncompressed_file_shows() {
    let block = "HTTP/1.1 200 OK\r\n\r\nabc";
    let warc = |payload: &str, length: usize| {
        format!(
            "WARC/1.1\r\nWARC-Type: response\r\nWARC-Payload-Digest: {payload}\r\nContent-Length: {length}\r\n\r\n{block}\r\n\r\n"
        )
    };
    let right = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let good = warc(right, block.len());
    assert!(records(good.as_bytes())[0].is_ok());
    let other = warc(&right.replace("ba7816", "ba7817"), block.len());
    let read = records(format!("{other}{good}").as_bytes());
    assert!(read[0].as_ref().unwrap_err().contains("WARC-Payload-Digest is sha256:ba7817"), "{read:?}");
    assert!(read[1].is_ok(), "the next record is read");
    // A length that is wrong: the record is told, and the one after it is found.
    for wrong in [block.len() - 1, block.len() + 3] {
        let read = records(format!("{}{good}", warc(right, wrong)).as_bytes());
        assert!(read[0].is_err() && read.last().unwrap().is_ok(), "{read:?}");
    }
}

#[test]
fn what_is_no_warc_is_told_and_ends() {
    let long = format!("WARC/1.0\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    let cases: [(&[u8], &str); 9] = [
        (b"", ""),
        (b"\r\n\r\n", ""),
        (b"<!doctype html>", "not a WARC record: begins with \"<!doctype html>\""),
        (b"filedesc://x 0 0 text/plain 9\n", "an ARC file"),
        (b"WARC/1.0\r\nContent-Length: 5\r\n", "ends inside the record header"),
        (b"WARC/1.0\r\nContent-Length: 5\r\n\r\nabc", "2 of 5 bytes are missing"),
        (b"WARC/1.0\r\nContent-Length: -5\r\n\r\nabc", "no usable Content-Length"),
        (b"WARC/1.0\r\nno field\r\n\r\n", "a line that is no field: \"no field\""),
        (long.as_bytes(), "more than 65536 bytes"),
    ];
    for (bytes, told) in cases {
        let read = records(bytes);
        let errors: Vec<&String> = read.iter().filter_map(|record| record.as_ref().err()).collect();
        match told {
            "" => assert_eq!(read.len(), 0),
            told => assert!(errors.len() == 1 && errors[0].contains(told), "{errors:?} lacks {told:?}"),
        }
    }
}

#[test]
fn a_bomb_of_a_record_is_refused_by_its_length() {
    let read = records(b"WARC/1.0\r\nContent-Length: 99999999999999\r\n\r\nabc");
    assert!(read[0].as_ref().unwrap_err().contains("more than"), "{read:?}");
}

#[test]
fn blocks_above_the_cap_are_cut_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let place = open(dir.path()).append(&[exchange("http://a.example/", &vec![7; 90_000])]).wait().unwrap();
    let bytes = std::fs::read(file(dir.path(), &place)).unwrap();
    let last = WarcReader::new(Cursor::new(&bytes), 1_000).last().unwrap().unwrap();
    assert!(last.cut);
    assert_eq!(last.block.len(), 1_000);
    assert!(WarcReader::checking(Cursor::new(&bytes), 1_000).all(|record| record.is_ok()));
}

/// Good and bad files of other writers: (file, records, body sizes of the responses, the error).
const FOREIGN: [(&str, usize, &[usize], Option<&str>); 14] = [
    ("example.warc", 6, &[606], None),
    ("example.warc.gz", 6, &[606], None),
    ("example-bad-non-chunked.warc.gz", 6, &[606], None),
    ("example-digest.warc", 4, &[], None),
    ("example-iana.org-chunked.warc", 3, &[7223], None),
    ("example-resource.warc.gz", 3, &[], None),
    ("example-space-in-target-uri.warc.gz", 2, &[], None),
    ("example-wget-bad-target-uri.warc.gz", 6, &[1270], None),
    ("example-wrong-chunks.warc.gz", 2, &[1270], None),
    ("post-test.warc.gz", 6, &[545, 552, 551], None),
    (
        "example-trunc.warc",
        3,
        &[],
        Some("at byte 1197: the record does not end where its Content-Length says"),
    ),
    ("example-bad.warc.gz.bad", 6, &[1270, 201], None),
    ("example.arc", 0, &[], Some("at byte 0: an ARC file")),
    ("bad.arc", 0, &[], Some("at byte 0: an ARC file")),
];

#[test]
fn foreign_files_are_read() {
    let Some(suites) = std::env::var_os("CAVEAT_SUITES") else {
        eprintln!("not run: CAVEAT_SUITES is unset");
        return;
    };
    let folder = Path::new(&suites).join("suites/warc");
    for (name, expected, sizes, told) in FOREIGN {
        let file = std::fs::File::open(folder.join(name)).unwrap();
        let read: Vec<_> = WarcReader::new(BufReader::new(file), CAP).collect();
        let good: Vec<&Record> = read.iter().filter_map(|record| record.as_ref().ok()).collect();
        let bodies: Vec<usize> = good
            .iter()
            .filter(|record| record.kind == "response")
            .map(|record| http_response(record).unwrap().body.len())
            .collect();
        assert_eq!((good.len(), bodies.as_slice()), (expected, sizes), "{name}");
        let error = read.iter().find_map(|record| record.as_ref().err()).map(ToString::to_string);
        assert!(
            error
                .as_deref()
                .zip(told)
                .map_or(error.is_none() && told.is_none(), |(error, told)| error.contains(told)),
            "{name}: {error:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_exchange_comes_back(
        body in proptest::collection::vec(any::<u8>(), 0..2_000),
        status in 100..600_u16,
        value in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut sent = exchange("https://shop.example/p?a=b", &body);
        sent.status = status;
        sent.response_headers.push(("X-Value".to_owned(), value.clone()));
        let place = open(dir.path()).append(&[sent]).wait().unwrap();
        let record = read_place(dir.path(), &place, CAP).unwrap();
        let message = http_response(&record).unwrap();
        prop_assert_eq!((message.status, &message.body), (status, &body));
        let verified = verify(dir.path(), &[claim(&place)]).unwrap();
        prop_assert_eq!((verified.proven, verified.problems), (1, vec![]));
    }

    #[test]
    fn damaged_files_end_without_panic(
        flips in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..20), cut: usize, plain: bool
    ) {
        let dir = tempfile::tempdir().unwrap();
        let place = open(dir.path())
            .append(&[exchange("http://a.example/1", b"one"), exchange("http://a.example/2", &[9; 700])])
            .wait()
            .unwrap();
        let mut bytes = std::fs::read(file(dir.path(), &place)).unwrap();
        if plain {
            let mut text = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::MultiGzDecoder::new(&bytes[..]), &mut text).unwrap();
            bytes = text;
        }
        for (at, byte) in flips {
            let at = at % bytes.len();
            bytes[at] = byte;
        }
        bytes.truncate(bytes.len() - cut % bytes.len());
        let read = WarcReader::checking(Cursor::new(&bytes), CAP).take(bytes.len() + 1).count();
        prop_assert!(read <= bytes.len());
    }
}

#[test]
fn io_errors_end_the_reader() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("unplugged"))
        }
    }
    let read: Vec<_> = WarcReader::new(BufReader::new(Broken), CAP).take(3).collect();
    assert!(matches!(&read[..], [Err(error)] if matches!(error.fault, WarcFault::Io(_))), "{read:?}");
}

/// The reader that archives use. `CAVEAT_WARCIO` names the program (`pip install warcio`).
#[test]
fn warcio_accepts_what_is_written() {
    let Some(warcio) = std::env::var_os("CAVEAT_WARCIO") else {
        eprintln!("not run: CAVEAT_WARCIO is unset");
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let writer = open(dir.path());
    let mut hop = exchange("http://127.0.0.1:8080/old", b"");
    hop.status = 302;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(b"<p>hello</p>").unwrap();
    let mut page = exchange("http://127.0.0.1:8080/new?a=%20b", &packed.finish().unwrap());
    page.response_headers.push(("Content-Encoding".to_owned(), b"gzip".to_vec()));
    let mut cut = exchange("https://[2001:db8::1]/cut", &[0, 255, 13, 10, 13, 10]);
    cut.truncated = true;
    cut.remote = Some("[2001:db8::1]:443".parse().unwrap());
    let place = writer.append(&[hop, page]).wait().unwrap();
    writer.append(&[cut]).wait().unwrap();
    let path = file(dir.path(), &place);
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(&warcio).args(arguments).arg(&path).output().unwrap();
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "warcio {arguments:?}: {text}");
        text
    };
    let checked = run(&["check", "-v"]);
    assert_eq!(checked.matches("digest pass").count(), 7, "{checked}");
    let index = run(&["index", "-f", "warc-type,warc-target-uri,http:status,offset"]);
    let responses: Vec<&str> = index.lines().filter(|line| line.contains("\"response\"")).collect();
    assert_eq!(responses.len(), 3, "{index}");
    assert!(
        responses[1].contains("\"http:status\": \"200\"") && responses[1].contains(&place.offset.to_string())
    );
    let extracted = run_extract(&warcio, &path, place.offset);
    assert!(extracted.ends_with("<p>hello</p>"), "{extracted}");
}

fn run_extract(warcio: &std::ffi::OsStr, path: &Path, offset: u64) -> String {
    let output = std::process::Command::new(warcio)
        .args(["extract", "--payload"])
        .arg(path)
        .arg(offset.to_string())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}
