//! Encrypted members.

use super::super::crypt::Classic;
use super::*;

/// A log of 29 bytes, packed by Info-ZIP 3.0 with `zip -X -0 -P secret`.
const CLASSIC: &str = "504b03040a00090000002c174e4a336f2e32290000001d00000005000000612e6c6f673e8a686a1f2913220d93ba51f5c1fc64\
    259a1ee268298fd6a4d0502dc73a3d7ec1fad038afdbccdddb504b0708336f2e32290000001d000000504b01021e030a00090000002c174e4a336f2e\
    32290000001d000000050000000000000000000000a48100000000612e6c6f67504b05060000000001000100330000005c0000000000";

/// The same log, packed by 7-Zip 22.01 with `7zz a -tzip -mem=AES256 -mx=0 -psecret`.
const AES: &str = "504b03043300010063002c174e4a00000000390000001d00000005000b00612e6c6f670199070002004145030000482f8c373316e050\
    d95b98ced8e784502d86d0efc6c3c1f43638e851d7a6aa78faf9019d3f17a5778fd42e9efc85b50894f3f32d3ec2a54016504b01023f033300010063002c\
    174e4a00000000390000001d00000005002f000000000000002080a48100000000612e6c6f670a002000000000000100180000422f116e86d20100000000\
    0000000000000000000000000199070002004145030000504b0506000000000100010062000000670000000000";

/// The same log, packed with `zip -P secret -fd - -`, which states no size before the data. The directory was removed.
const CLASSIC_BEHIND: &str = "504b03042d00090008006dbb775d00006dbbffffffffffffffff010014002d01001000000000000000000000\
    000000000000001a0aac5fc82cae1a7d5ed8e7b4ff8a6343c90c44a29ebc27be64e14187ae41da69377073e96c5fd74b7c48504b0708336f2e322b00000000\
    0000001d00000000000000504b01021e03";

#[test]
fn encrypted_members_are_read_with_their_password_and_reported_without() {
    let log = &two_logs()[0].1;
    for hex in [CLASSIC, AES] {
        let archive = bytes(hex);
        let read = |options: &Options| from_both(Format::Zip, &archive, options);
        assert_eq!(read(&with_password("secret")), Seen { members: vec![whole("a.log", log)], end: None });
        let message = "it is encrypted; save its password in a text file and pass that with --password-file";
        assert_eq!(read(&options()), Seen { members: vec![lost("a.log", b"", message)], end: None });
        let message = "it is encrypted with a password other than the one given; add its password to the password file, \
                    on a line of its own";
        assert_eq!(read(&with_password("wrong")), Seen { members: vec![lost("a.log", b"", message)], end: None });
        cuts_are_reported(Format::Zip, &archive, &with_password("secret"));
        flips_are_survived(Format::Zip, &archive, &with_password("secret"));
    }
    for (options, data, why) in [
        (with_password("secret"), &log[..], None),
        (options(), b"", Some("it is encrypted; save its password in a text file and pass that with --password-file")),
    ] {
        let seen = from_both(Format::Zip, &bytes(CLASSIC_BEHIND), &options);
        assert_eq!(seen.members, [("-".to_owned(), data.to_vec(), why.map(str::to_owned))]);
        assert_eq!(seen.end, Some(format!("the zip archive is cut short; {ASK}")));
    }
    let mut forged = bytes(AES);
    let data = 30 + 5 + 11 + 16 + 2;
    forged[data] ^= 1;
    let message = format!(
        "the stored data is damaged (the authentication code does not match); only the whole lines in the 29 bytes \
         before that were read, and some of them may be wrong; {ASK}"
    );
    let seen = from_both(Format::Zip, &forged, &with_password("secret"));
    assert_eq!((&seen.members[0].2, seen.members[0].1[0]), (&Some(message), log[0] ^ 1));
}

#[test]
fn each_of_several_passwords_is_tried() {
    let log = &two_logs()[0].1;
    let read = |hex, passwords: &[&str]| from_both(Format::Zip, &bytes(hex), &with_passwords(passwords)).members;
    for hex in [CLASSIC, AES] {
        assert_eq!(read(hex, &["wrong", "secret", ""]), [whole("a.log", log)]);
        let message = "it is encrypted with a password other than the 2 given; \
                    add its password to the password file, on a line of its own";
        assert_eq!(read(hex, &["wrong", "other"]), [lost("a.log", b"", message)]);
    }
    // Traditional encryption verifies a password by one byte, so some wrong ones fit, too. Only the data decide.
    let message = "it is damaged, or encrypted with a password other than the one given; only the whole lines in the 29 \
                bytes before that were read; add its password to the password file, on a line of its own";
    let wrong = (0..10_000).map(|number| format!("wrong {number}"));
    let fits = |password: &String| read(CLASSIC, &[password])[0].2.as_deref() == Some(message);
    let fitting = wrong.into_iter().find(fits).unwrap();
    assert_eq!(read(CLASSIC, &[&fitting, "secret"]), [whole("a.log", log)]);
    // If the data cannot be unpacked with any password, as much of them is read as with the first one.
    let mut damaged = bytes(CLASSIC);
    damaged[30 + 5 + 12 + 28] ^= 1;
    let seen = from_both(Format::Zip, &damaged, &with_passwords(&["secret", &fitting])).members;
    assert_eq!(seen[0].1[..28], log[..28]);
}

/// Encrypts a member traditionally. The header ends with a byte of the checksum, or of the time if a descriptor follows.
fn locked(password: &str, made: Made) -> Made {
    let proof = if made.has_descriptor() { 0x17 } else { made.crc.to_le_bytes()[3] };
    let plain = [&[7; 11][..], &[proof], &made.packed].concat();
    Made { flags: made.flags | 1, packed: classically_encrypted(password.as_bytes(), &plain), ..made }
}

/// Returns other passwords that the header of `made` accepts.
fn fitting(made: &Made, count: usize) -> Vec<String> {
    let header = *made.packed.first_chunk().unwrap();
    let proof = if made.has_descriptor() { 0x17 } else { made.crc.to_le_bytes()[3] };
    let all = (0..100_000).map(|number| format!("wrong {number}"));
    all.filter(|password| Classic::new(password.as_bytes(), header, proof).is_some()).take(count).collect()
}

/// Reads a file with the right password and two wrong ones, in every order, and returns the members, which must be equal.
fn in_any_order(archive: &[u8], right: &str, wrong: &[String]) -> Vec<Met> {
    let (one, other) = (wrong[0].as_str(), wrong[1].as_str());
    let read = |passwords: &[&str]| from_file(Format::Zip, archive, &with_passwords(passwords));
    let seen = read(&[right, one, other]);
    for order in [[one, right, other], [other, one, right], [one, other, right]] {
        assert_eq!(read(&order), seen, "{order:?}");
    }
    seen.members
}

/// With any password that is accepted, stored data look right until their checksum is known.
#[test]
fn the_order_of_passwords_makes_no_difference() {
    let long = b"2017-02-14 call result = 102\n".repeat(10_000);
    for sizes in [Sizes::Before, Sizes::After, Sizes::AfterZip64] {
        let made = locked("right", stored("a.log", &long).with(sizes));
        let wrong = fitting(&made, 2);
        let archive = zip(&[made, stored("b.log", b"y")]);
        let expected = [whole("a.log", &long), whole("b.log", b"y")];
        assert_eq!(in_any_order(&archive, "right", &wrong), expected);
        // Without a directory, the file is read from start to end.
        let end = archive.len() - 22;
        assert_eq!(in_any_order(&archive[..end], "right", &wrong), expected);
    }
    // In a stream, only the bytes in the buffer can be tried.
    let log = &long[..60_000];
    let made = locked("right", stored("a.log", log));
    let wrong = fitting(&made, 1);
    let passwords = with_passwords(&[&wrong[0], "right"]);
    assert_eq!(from_both(Format::Zip, &zip(&[made]), &passwords).members, [whole("a.log", log)]);
}

/// If the data are damaged, the right password must still be chosen.
#[test]
fn data_before_a_fault_are_read_however_many_passwords_there_are() {
    let log: Vec<u8> =
        (0..9000).flat_map(|number| format!("{number} call result = {}\n", number * 7 % 110).into_bytes()).collect();
    let intact = deflated("a.log", &log);
    let half = intact.packed.len() / 2;
    for broken in [1000, half] {
        let mut made = intact.clone();
        made.packed.truncate(broken);
        let made = locked("right", made);
        let wrong = fitting(&made, 2);
        let archive = zip(&[made]);
        let one = from_file(Format::Zip, &archive, &with_password("right")).members;
        assert!(log.starts_with(&one[0].1) && one[0].1.len() > broken, "{}", one[0].1.len());
        let several = in_any_order(&archive, "right", &wrong);
        let message = one[0].2.as_ref().unwrap().replace("the one given", "the 3 given");
        assert_eq!(several, [lost("a.log", &one[0].1, &message)]);
    }
}

/// Encrypts data with the traditional method, as programs that write archives do.
fn classically_encrypted(password: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut keys = Classic::begin(password);
    let encrypt = |byte: &u8| {
        let mask = keys.mask();
        keys.update(*byte);
        byte ^ mask
    };
    bytes.iter().map(encrypt).collect()
}
