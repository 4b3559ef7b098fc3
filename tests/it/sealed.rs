//! Makes the digests in a partial right after its lines were changed.

/// Replaces the digest at the end of a partial by that of its lines, and the counts and digests of its pieces, too, if they are wanted.
pub(crate) fn sealed(bytes: &[u8], with_pieces: bool) -> Vec<u8> {
    let (mut out, mut hasher, mut lines, mut pieces) = (Vec::new(), blake3::Hasher::new(), 0, 0);
    let mut controls = blake3::Hasher::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let mut line = line.to_vec();
        if line.starts_with(b"{\"end_of_partial\":") {
            let digest = std::mem::take(&mut controls).finalize().to_hex();
            line = format!("{{\"end_of_partial\":{{\"pieces\":{pieces},\"digest\":\"{digest}\"}}}}\n").into_bytes();
            pieces = 0;
        } else if line.starts_with(b"{\"done\":") {
            if with_pieces {
                let digest = hasher.finalize().to_hex();
                line = format!("{{\"done\":{{\"lines\":{lines},\"digest\":\"{digest}\"}}}}\n").into_bytes();
            }
            pieces += 1;
            controls.update(&line);
        } else if line.starts_with(b"{\"piece\":") || line.starts_with(b"{\"partial\":") {
            (hasher, lines) = (blake3::Hasher::new(), 0);
            controls.update(&line);
        } else {
            hasher.update(&line);
            lines += 1;
        }
        out.extend(line);
    }
    out
}
