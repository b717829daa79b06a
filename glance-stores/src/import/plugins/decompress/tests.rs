//! Archives that real tools made.

use std::io::Write;
use std::process::{Command, Stdio};

use glance_core::domain::ContainerFormat;

use super::*;

fn passing(body: ByteStream, container: &str) -> Passing {
    Passing {
        body,
        size: None,
        disk_format: None,
        container_format: Some(ContainerFormat::stored(container.to_owned())),
        properties: Vec::new(),
        roles: Vec::new(),
    }
}

/// In chunks, of which none is as long as what a decoder reads.
fn chunked(data: &[u8]) -> ByteStream {
    let chunks: Vec<_> = data.chunks(7001).map(Bytes::copy_from_slice).collect();
    ByteStream::new(stream::iter(chunks.into_iter().map(Ok::<_, BodyError>)))
}

/// What comes out, or why nothing does.
async fn unpack_at_most(archive: &[u8], most: u64) -> Result<Vec<u8>, String> {
    let plugin = ImageDecompression::new(most);
    let applied = plugin.apply(passing(chunked(archive), "bare")).await;
    let chunks = applied.map_err(|error| error.to_string())?.body;
    let chunks: Result<Vec<_>, _> = chunks.try_collect().await;
    Ok(chunks.map_err(|error| error.0.to_string())?.concat())
}

async fn unpack(archive: &[u8]) -> Result<Vec<u8>, String> {
    unpack_at_most(archive, 1 << 40).await
}

/// What a program makes of data.
fn made(command: &[&str], data: &[u8]) -> Vec<u8> {
    let mut child = Command::new(command[0])
        .args(&command[1..])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}", command[0]));
    let mut stdin = child.stdin.take().unwrap();
    let data = data.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&data));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{command:?}");
    output.stdout
}

/// A zip archive that Python makes in a file, or where it cannot go back.
fn zipped(data: &[u8], script: &str, seekable: bool) -> Vec<u8> {
    let output = match seekable {
        true => "f = io.BytesIO()",
        false => {
            "class F(io.RawIOBase):\n  def __init__(s): s.b = bytearray()\n  \
             def writable(s): return True\n  def write(s, b): s.b += b; return len(b)\n  \
             def getvalue(s): return bytes(s.b)\nf = F()"
        }
    };
    let code = format!(
        "import io, sys, zipfile\ndata = sys.stdin.buffer.read()\n{output}\n{script}\n\
         sys.stdout.buffer.write(f.getvalue())"
    );
    made(&["python3", "-c", &code], data)
}

const DEFLATED: &str = "with zipfile.ZipFile(f, 'w', zipfile.ZIP_DEFLATED) as z: \
                        z.writestr('disk', data)";
const STORED: &str = "with zipfile.ZipFile(f, 'w') as z: z.writestr('disk', data)";
const ZIP64: &str = "with zipfile.ZipFile(f, 'w', zipfile.ZIP_DEFLATED) as z:\n  \
                     with z.open('disk', 'w', force_zip64=True) as o: o.write(data)";

/// Neither random nor all alike.
fn data() -> Vec<u8> {
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    });
    let noise: Vec<u8> = noise.take(200_000).collect();
    [noise.as_slice(), &[0; 300_000], &noise[..100_000]].concat()
}

fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let data = data();
    vec![
        ("gzip", made(&["gzip", "-c"], &data)),
        ("xz", made(&["xz", "-c", "-9"], &data)),
        ("zstd", made(&["zstd", "-q", "-c"], &data)),
        (
            "zstd 22",
            made(&["zstd", "-q", "-c", "--ultra", "-22"], &data),
        ),
        ("bzip2", made(&["bzip2", "-c"], &data)),
        ("zip deflated", zipped(&data, DEFLATED, true)),
        ("zip stored", zipped(&data, STORED, true)),
        ("zip 64", zipped(&data, ZIP64, true)),
        ("zip streamed", zipped(&data, DEFLATED, false)),
        ("zip 64 streamed", zipped(&data, ZIP64, false)),
        ("zip of zip", made(&["zip", "-q", "-", "-"], &data)),
    ]
}

#[tokio::test]
async fn what_real_tools_packed_comes_out_as_it_was() {
    let data = data();
    for (name, archive) in archives() {
        let unpacked = unpack(&archive).await;
        assert!(
            unpacked.as_ref() == Ok(&data),
            "{name}: {:?}",
            unpacked.map(|data| data.len())
        );
    }
    for tool in ["gzip", "xz", "zstd", "bzip2"] {
        let twice = made(&[tool, "-c"], &data[..1000]).repeat(2);
        assert!(
            unpack(&twice).await.unwrap() == data[..1000].repeat(2),
            "{tool}"
        );
    }
}

#[tokio::test]
async fn what_is_not_packed_or_is_to_stay_packed_goes_on_as_it_is() {
    let archive = made(&["gzip", "-c"], b"data");
    let plugin = ImageDecompression::new(1);
    for (data, container) in [
        (archive.as_slice(), "compressed"),
        (b"", "bare"),
        (b"P", "bare"),
        (b"BZh9 is no archive", "bare"),
        (&[0; 100_000], "bare"),
    ] {
        let mut given = passing(chunked(data), container);
        given.size = Some(data.len() as u64);

        let applied = plugin.apply(given).await.unwrap();

        assert_eq!(applied.size, Some(data.len() as u64));
        let chunks: Vec<_> = applied.body.try_collect().await.unwrap();
        assert!(chunks.concat() == data);
    }
}

#[tokio::test]
async fn an_archive_that_is_cut_short_is_an_error_wherever_it_is_cut() {
    for (name, archive) in archives() {
        for cut in [
            12,
            archive.len() / 3,
            archive.len() / 2,
            archive.len() - 30,
            archive.len() - 1,
        ] {
            let error = unpack(&archive[..cut]).await;
            let error = error.map(|data| data.len()).unwrap_err();
            assert!(error.contains("archive is"), "{name} at {cut}: {error}");
        }
    }
}

#[tokio::test]
async fn an_archive_with_another_byte_or_more_bytes_is_an_error() {
    for (name, archive) in archives() {
        let mut flipped = archive.clone();
        flipped[archive.len() / 2] ^= 0x40;
        let longer = [archive.as_slice(), b"and more"].concat();

        // A frame of zstd has a sum, too, where its tool made it.
        assert!(unpack(&flipped).await.is_err(), "{name}");
        assert!(unpack(&longer).await.is_err(), "{name}");
    }
}

#[tokio::test]
async fn what_is_no_archive_of_one_file_is_refused() {
    let script = |body: &str| zipped(b"data", body, true);
    for (archive, expected) in [
        (
            script(
                "with zipfile.ZipFile(f, 'w') as z: z.writestr('a', data); z.writestr('b', data)",
            ),
            "more than one file",
        ),
        (
            script("with zipfile.ZipFile(f, 'w') as z: z.writestr('folder/', b'')"),
            "a folder",
        ),
        (
            script("with zipfile.ZipFile(f, 'w', zipfile.ZIP_LZMA) as z: z.writestr('a', data)"),
            "neither stored nor deflated",
        ),
        (zipped(b"data", STORED, false), "where its data ends"),
        (b"\x20\x00-lh5-and more".to_vec(), "LHA"),
    ] {
        let error = unpack(&archive).await.unwrap_err();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[tokio::test]
async fn bombs_are_cut_where_an_image_may_be_no_larger() {
    let zeros = vec![0; 64 << 20];
    for tool in ["gzip", "xz", "zstd", "bzip2"] {
        let bomb = made(&[tool, "-c"], &zeros);
        assert!(bomb.len() < zeros.len() / 500, "{tool}");

        let error = unpack_at_most(&bomb, 1 << 20).await.unwrap_err();

        assert!(error.contains("more than 1048576 bytes"), "{tool}: {error}");
    }
    let bomb = zipped(&zeros, DEFLATED, true);
    let error = unpack_at_most(&bomb, 1 << 20).await.unwrap_err();
    assert!(error.contains("more than 1048576 bytes"), "zip: {error}");
}

#[tokio::test]
async fn an_archive_that_wants_too_much_memory_is_an_error() {
    let wants = [
        made(&["xz", "-c", "--lzma2=dict=512MiB"], &data()),
        // With the length unknown, the window is as large as it says.
        made(
            &["zstd", "-q", "-c", "--ultra", "-22", "--long=30"],
            &data(),
        ),
    ];
    for archive in wants {
        let error = unpack(&archive).await.unwrap_err();
        assert!(error.contains("is broken"), "{error}");
    }
}

#[tokio::test]
async fn an_error_of_what_is_read_comes_through() {
    let archive = made(&["gzip", "-c"], &data());
    let half = Ok(Bytes::copy_from_slice(&archive[..archive.len() / 2]));
    let broken = ByteStream::new(stream::iter([half, Err(BodyError("the cause".into()))]));

    let plugin = ImageDecompression::new(1 << 40);
    let body = plugin.apply(passing(broken, "bare")).await.unwrap().body;

    let error = body.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.0.to_string(), "the cause");
}

#[tokio::test]
async fn what_is_packed_is_not_read_on_where_nobody_takes_what_comes_out() {
    let archive = made(&["gzip", "-c"], &data());
    let held = Arc::new(());
    let kept = Arc::clone(&held);
    let endless = stream::iter([Ok(archive.into())])
        .chain(stream::pending::<Result<Bytes, BodyError>>())
        .inspect(move |_| drop(Arc::clone(&kept)));

    let plugin = ImageDecompression::new(1 << 40);
    let data = passing(ByteStream::new(endless), "bare");
    let mut body = plugin.apply(data).await.unwrap().body;
    assert!(body.next().await.unwrap().is_ok());
    drop(body);

    while Arc::strong_count(&held) > 1 {
        tokio::task::yield_now().await;
    }
}
