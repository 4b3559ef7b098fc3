//! Encrypted archives, with or without their directory.

use super::*;

#[test]
fn encrypted_archives_ask_for_their_password() {
    let message = "the 7z archive is encrypted, including the file names; save its password in a text file and pass \
                that with --password-file";
    let expected = Seen { members: vec![], end: Some(message.to_owned()) };
    assert_eq!(from_both(Format::SevenZip, &bytes(AES), &options()), expected);
    let message = "the 7z archive is damaged, or encrypted with a password other than the one given; add its password \
                to the password file, on a line of its own";
    let expected = Seen { members: vec![], end: Some(message.to_owned()) };
    assert_eq!(from_both(Format::SevenZip, &bytes(AES), &with_password("wrong")), expected);
    // Encrypted data, but plain names. The properties state one round (2 to the power of 0) and no salt.
    let encrypted = || Made {
        method: &[6, 0xf1, 7, 1],
        properties: vec![0, 0],
        packed: vec![7; 32],
        files: vec![("a.log", vec![b'x'; 20])],
    };
    let members = vec![
        lost("a.log", b"", "it is encrypted; save its password in a text file and pass that with --password-file"),
        whole("logs/empty.log", b""),
    ];
    assert_eq!(seen(&[encrypted()]), Seen { members, end: None });
    let seen = from_both(Format::SevenZip, &seven_zip(&[encrypted()]), &with_password("wrong"));
    let message = "it is damaged, or encrypted with a password other than the one given; only the whole lines in the 20 \
                bytes before that were read; add its password to the password file, on a line of its own";
    assert_eq!(seen.members[0].2.as_deref(), Some(message));
}

/// Encrypts with the password itself as the key, in UTF-16 and padded with zeros.
fn locked(password: &str, name: &'static str, data: &[u8]) -> Made {
    use aes::cipher::{BlockCipherEncrypt as _, KeyInit as _};
    let mut key = [0; 32];
    for (byte, given) in key.iter_mut().zip(password.encode_utf16().flat_map(u16::to_le_bytes)) {
        *byte = given;
    }
    let cipher = aes::Aes256::new(&key.into());
    let (mut packed, mut previous) = (Vec::new(), [0; 16]);
    for chunk in data.chunks(16) {
        let mut block = previous;
        block.iter_mut().zip(chunk).for_each(|(byte, plain)| *byte ^= plain);
        let mut block = block.into();
        cipher.encrypt_block(&mut block);
        previous = block.into();
        packed.extend(previous);
    }
    Made { method: &[6, 0xf1, 7, 1], properties: vec![63, 0], packed, files: vec![(name, data.to_vec())] }
}

#[test]
fn each_of_several_passwords_is_tried() {
    let log = two_logs()[0].1.clone();
    let directory = Seen { members: vec![whole("a.log", &log)], end: None };
    assert_eq!(from_both(Format::SevenZip, &bytes(AES), &with_passwords(&["wrong", "secret"])), directory);
    let message = "the 7z archive is damaged, or encrypted with a password other than the 2 given; add its password to \
                the password file, on a line of its own";
    let seen = from_both(Format::SevenZip, &bytes(AES), &with_passwords(&["wrong", "other"]));
    assert_eq!(seen.end.as_deref(), Some(message));
    // Only the checksum of a file shows which password is right.
    let archive = seven_zip(&[locked("one", "a.log", &log), locked("two", "b.log", &log)]);
    let read = |passwords: &[&str]| from_both(Format::SevenZip, &archive, &with_passwords(passwords)).members;
    assert_eq!(read(&["two", "wrong", "one"])[..2], [whole("a.log", &log), whole("b.log", &log)]);
    let message = message.replace("the 7z archive", "it");
    // If no password is right, as much of the file is read as with the first one.
    let place = "; only the whole lines in the 29 bytes before that were read; ";
    let met = &read(&["two", "wrong"])[..2];
    assert_eq!((&met[0].2, &met[1]), (&Some(message.replacen("; ", place, 1)), &whole("b.log", &log)));
}

fn in_any_order(archive: &[u8], passwords: [&str; 3]) -> Vec<Met> {
    let [one, two, three] = passwords;
    let read = |passwords: &[&str]| from_both(Format::SevenZip, archive, &with_passwords(passwords));
    let seen = read(&passwords);
    for order in [[one, three, two], [two, one, three], [two, three, one], [three, one, two], [three, two, one]] {
        assert_eq!(read(&order), seen, "{order:?}");
    }
    seen.members
}

/// Data that are only encrypted can be unpacked with any password, and look right until their checksum is known.
#[test]
fn the_order_of_passwords_makes_no_difference() {
    let long = b"2017-02-14 call result = 102\n".repeat(10_000);
    let archive = seven_zip(&[locked("one", "a.log", &long), locked("two", "b.log", &long)]);
    let met = in_any_order(&archive, ["one", "two", "wrong"]);
    assert_eq!(met[..2], [whole("a.log", &long), whole("b.log", &long)]);
}

/// Encrypts like `locked`, but the deflated data of several files.
fn deflated_and_locked(password: &str, files: &[(&'static str, Vec<u8>)], damage: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut inner = deflated(files);
    damage(&mut inner.packed);
    let outer = locked(password, "", &inner.packed);
    let packed_len = inner.packed.len();
    let made = Made { packed: outer.packed, ..inner };
    let plain = directory(std::slice::from_ref(&made));
    // Two coders and their sizes. The first one (deflate) reads what the second one (AES) gives.
    let one_coder = [&[11, 1, 0, 1, 3, 4, 1, 8, 12][..], &number(made.size())].concat();
    let two_coders = [
        &[11, 1, 0, 2, 3, 4, 1, 8, 0x24, 6, 0xf1, 7, 1, 2, 63, 0, 0, 1, 12][..],
        &number(made.size()),
        &number(packed_len),
    ]
    .concat();
    let at = plain.windows(one_coder.len()).position(|bytes| bytes == one_coder).unwrap();
    let listed = [&plain[..at], &two_coders, &plain[at + one_coder.len()..]].concat();
    with_directory(&made.packed, &listed)
}

#[test]
fn data_before_a_fault_are_read_however_many_passwords_there_are() {
    let log: Vec<u8> =
        (0..5000).flat_map(|number| format!("{number} call result = {}\n", number * 7 % 110).into_bytes()).collect();
    let files = [("a.log", log.clone()), ("b.log", b"call result = 102\n".to_vec())];
    let intact = deflated_and_locked("right", &files, |_| {});
    let expected = [whole("a.log", &log), whole("b.log", &files[1].1)];
    assert_eq!(in_any_order(&intact, ["wrong", "right", "other"])[..2], expected);
    // The end is missing. With one password, the beginning is read.
    let damaged = deflated_and_locked("right", &files, |packed| packed.truncate(packed.len() / 2));
    let one = from_both(Format::SevenZip, &damaged, &with_password("right")).members;
    assert!(log.starts_with(&one[0].1) && one[0].1.len() > log.len() / 4, "{}", one[0].1.len());
    let several = in_any_order(&damaged, ["wrong", "right", "other"]);
    assert_eq!((&several[0].0, &several[0].1), (&one[0].0, &one[0].1));
    let message = |met: &Met| met.2.clone().map(|message| message.replace("the 3 given", "the one given"));
    assert_eq!(several.iter().map(message).collect::<Vec<_>>(), one.iter().map(message).collect::<Vec<_>>());
}
