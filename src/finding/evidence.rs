//! How surprising a count is: minus the natural logarithm of the probability of at least (or at most) that many.
//!
//! All probabilities are upper bounds, so evidence is never too large. Everything is calculated with additions, multiplications,
//! divisions and square roots, whose results IEEE 754 defines to the last bit. The logarithm of the standard library is not used,
//! because it differs between platforms. So the same log has the same findings everywhere.

use std::f64::consts::{LN_2, PI, SQRT_2};

/// Returns the natural logarithm of a positive, normal number, to about 15 digits.
pub(crate) fn ln(number: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    if number < f64::MIN_POSITIVE {
        return f64::NEG_INFINITY;
    }
    let bits = number.to_bits();
    let exponent = i32::try_from(bits >> 52).unwrap_or_default() - 1023;
    let one_to_two = f64::from_bits(bits & MANTISSA | 1023 << 52);
    let (fraction, exponent) =
        if one_to_two > SQRT_2 { (one_to_two / 2.0, exponent + 1) } else { (one_to_two, exponent) };
    // ln((1 + s) / (1 - s)) = 2 (s + s^3/3 + s^5/5 + ...), where s is at most 0.172.
    let s = (fraction - 1.0) / (fraction + 1.0);
    let square = s * s;
    let series = (0..=10).rev().fold(0.0, |sum, term| sum * square + 1.0 / f64::from(2 * term + 1));
    f64::from(exponent) * LN_2 + 2.0 * s * series
}

/// Returns ln n!, where n is a whole number.
fn ln_factorial(n: f64) -> f64 {
    // A product of at most 20 factors is exact enough; beyond that, Stirling's series is.
    if n < 21.0 {
        let mut product = 1.0;
        let mut factor = 2.0;
        while factor <= n {
            product *= factor;
            factor += 1.0;
        }
        return ln(product);
    }
    n * ln(n) - n + 0.5 * ln(2.0 * PI * n) + 1.0 / (12.0 * n) - 1.0 / (360.0 * n * n * n)
}

/// Returns the evidence of at least `x` of `n` cases where each is one with probability `p`. 0 if that many are expected.
pub(crate) fn at_least(x: f64, n: f64, p: f64) -> f64 {
    if x <= 0.0 || x <= n * p || p >= 1.0 || x > n {
        return 0.0;
    }
    if p <= 0.0 {
        return f64::INFINITY;
    }
    let others = n - x;
    let first = ln_factorial(n) - ln_factorial(x) - ln_factorial(others) + x * ln(p) + others * ln(1.0 - p);
    // The terms of the sum fall faster than a geometric series with this ratio.
    let ratio = others / (x + 1.0) * p / (1.0 - p);
    (ln(1.0 - ratio) - first).max(0.0)
}

/// Returns the evidence of at most `x` of `n` cases where each is one with probability `p`. 0 if not more are expected.
pub(super) fn at_most(x: f64, n: f64, p: f64) -> f64 {
    at_least(n - x, n, 1.0 - p)
}

/// Returns the evidence of at least `x` cases where `mean` are expected, however many there are in all. 0 if that many are
/// expected.
pub(super) fn at_least_of_mean(x: f64, mean: f64) -> f64 {
    if x <= 0.0 || x <= mean {
        return 0.0;
    }
    if mean <= 0.0 {
        return f64::INFINITY;
    }
    (mean - x * ln(mean) + ln_factorial(x) + ln(1.0 - mean / (x + 1.0))).max(0.0)
}

/// Returns by how much better two rates, of `k` cases where `expected` are expected and of the rest, explain `n` cases than one.
pub(super) fn gain(k: f64, expected: f64, n: f64) -> f64 {
    let part = |cases: f64, expected: f64| {
        if cases <= 0.0 || expected <= 0.0 { 0.0 } else { cases * ln(cases / expected) }
    };
    part(k, expected) + part(n - k, n - expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_near(one: f64, other: f64) -> bool {
        (one - other).abs() <= 1e-12 * (1.0 + other.abs())
    }

    #[test]
    fn logarithms_are_those_of_the_standard_library() {
        let numbers = [1e-300, 1e-9, 0.1, 0.5, 0.707, 0.708, 0.999_999, 1.0, 1.5, 2.0, 10.0, 12_345.678, 1e18, 1e300];
        for number in numbers {
            assert!(is_near(ln(number), number.ln()), "{number}");
        }
        let mut sum = 0.0;
        for n in 1..200 {
            sum += f64::from(n).ln();
            assert!((ln_factorial(f64::from(n)) - sum).abs() < 1e-8, "{n}");
        }
    }

    /// Adds up the probabilities of `x` to `n` cases.
    fn naive(x: u32, n: u32, p: f64) -> f64 {
        let choose = |k: u32| (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product::<f64>();
        (x..=n).map(|k| choose(k) * p.powi(k.cast_signed()) * (1.0 - p).powi((n - k).cast_signed())).sum()
    }

    #[test]
    fn evidence_is_never_more_than_the_exact_probability_gives_and_hardly_less() {
        for n in [1, 2, 5, 20, 60] {
            for p in [0.01, 0.1, 0.3, 0.6, 0.95] {
                for x in 0..=n {
                    let exact = -naive(x, n, p).ln();
                    let bound = at_least(f64::from(x), f64::from(n), p);
                    assert!(bound <= exact + 1e-9, "{x} {n} {p}: {bound} {exact}");
                    if f64::from(x) >= 1.5 * f64::from(n) * p + 3.0 {
                        assert!(bound >= exact - 0.5, "{x} {n} {p}: {bound} {exact}");
                    }
                    // The same the other way round, unless rounding decides whether it is expected.
                    let other = at_most(f64::from(n - x), f64::from(n), 1.0 - p);
                    assert!((other - bound).abs() < 1e-6 || other.min(bound) == 0.0, "{x} {n} {p}: {other} {bound}");
                }
            }
        }
    }

    #[test]
    fn certain_and_impossible_cases_have_no_evidence_and_infinite_evidence() {
        assert_eq!([at_least(0.0, 5.0, 0.1), at_least(5.0, 5.0, 1.0), at_least(3.0, 5.0, 0.9)], [0.0; 3]);
        assert_eq!([at_least(1.0, 5.0, 0.0), at_least_of_mean(1.0, 0.0)], [f64::INFINITY; 2]);
        // Of 5 cases, all in a tenth of the log.
        assert!(is_near(at_least(5.0, 5.0, 0.1), 5.0 * 10.0_f64.ln()));
        // At least 3 where 1 is expected: 1 - (1 + 1 + 1/2) / e = 0.0803.
        assert!((at_least_of_mean(3.0, 1.0) - -(0.0803_f64.ln())).abs() < 0.05);
    }
}
