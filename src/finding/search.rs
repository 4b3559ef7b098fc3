//! Searches a series for stretches of the log in which its cases crowd, or are missing.
//!
//! The clock of a series runs with the traffic: a unit advances it by the share of the cases that units of its stratum have. So
//! over the whole log it runs from 0 to the number of cases, and over a stretch it advances by the number of cases that are
//! expected there if nothing changed. How surprising another number is follows from the binomial distribution, by an inequality
//! of Hoeffding (1956) also for different strata. The surprise is reduced by the logarithm of the number of stretches that are
//! looked at, so that chance rarely gives any finding.

use std::ops::Range;

use foldhash::{HashMap, HashMapExt as _};

use super::Options;
use super::evidence::{at_least, at_most, gain, ln};
use super::rows::HOUR;
use super::units::{AllSeries, Case, Exposure, Of, Series, Unit, Units};

/// The largest number of cases at which stretches may begin or end. Of more, as many are used at equal distances.
const ANCHORS: usize = 100;
/// How often a series is searched again without the stretches that were found.
const ROUNDS: usize = 3;

/// Whether there are more or fewer cases than expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    More,
    Fewer,
}

/// A stretch of the log in which a series has more or fewer cases than elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    /// The index of the series.
    pub(super) series: usize,
    pub(super) side: Side,
    pub(super) evidence: f64,
    /// The units of the stretch, as a range of indexes in the exposure of the series.
    pub(super) units: Range<usize>,
    /// Whether the log before the stretch is different.
    pub(super) begins: bool,
    /// Whether the log after the stretch is different.
    pub(super) ends: bool,
    /// The number of cases in the stretch, and in the rest of the log.
    pub(super) cases: [usize; 2],
    /// The number of cases that are expected in the stretch, and in the rest of the log, if nothing changed.
    pub(super) expected: [f64; 2],
    /// The person without whom nothing is unusual.
    pub(super) person: Option<u32>,
    /// Whether it shows only by the clock on the wall.
    pub(super) is_surge: bool,
}

/// The clock of a series, without the units that are left out.
struct Clock {
    /// The cases that are left.
    cases: Vec<Case>,
    /// The time by the clock before each case, or empty if it was not run.
    before: Vec<f64>,
    /// How far a unit of each stratum advances the clock.
    weights: Vec<f64>,
}

impl Clock {
    /// Starts the clock of cases in `exposure`, without leaving out any unit.
    fn new(exposure: &Exposure, cases: &[Case]) -> Clock {
        let sizes: Vec<f64> = exposure.of_stratum.iter().map(|units| float(units.len())).collect();
        let mut clock = Clock::with_weights(exposure, cases.to_vec(), &sizes);
        let active: Vec<usize> = (0..clock.weights.len()).filter(|stratum| clock.weights[*stratum] > 0.0).collect();
        // A search takes about as long as 32 units take to be passed.
        if active.len() * clock.cases.len() < exposure.units.len() / 32 {
            let passed = |stratum: usize, at: usize| {
                float(exposure.of_stratum[stratum].partition_point(|unit| (*unit as usize) < at))
            };
            let time =
                |case: &Case| active.iter().map(|stratum| clock.weights[*stratum] * passed(*stratum, case.at)).sum();
            clock.before = clock.cases.iter().map(time).collect();
        } else {
            clock.run(exposure, |_| false);
        }
        clock
    }

    /// Returns a clock of cases that was not run, without the units for which `is_left_out` returns true. It takes their index in the
    /// exposure.
    fn without(exposure: &Exposure, cases: &[Case], is_left_out: impl Fn(usize) -> bool) -> Clock {
        let cases = cases.iter().filter(|case| !is_left_out(case.at)).copied().collect();
        let mut sizes = vec![0.0; exposure.of_stratum.len()];
        for (at, stratum) in exposure.strata.iter().enumerate() {
            sizes[*stratum as usize] += if is_left_out(at) { 0.0 } else { 1.0 };
        }
        Clock::with_weights(exposure, cases, &sizes)
    }

    /// `sizes` has the number of units of each stratum.
    fn with_weights(exposure: &Exposure, cases: Vec<Case>, sizes: &[f64]) -> Clock {
        let mut weights = vec![0.0; sizes.len()];
        cases.iter().for_each(|case| weights[exposure.strata[case.at] as usize] += 1.0);
        weights.iter_mut().zip(sizes).for_each(|(weight, size)| *weight /= size.max(1.0));
        Clock { cases, before: Vec::new(), weights }
    }

    /// Passes all units.
    fn run(&mut self, exposure: &Exposure, is_left_out: impl Fn(usize) -> bool) {
        self.before.reserve(self.cases.len());
        // Four sums, because each addition waits for the one before it.
        let (mut now, mut at) = ([0.0; 4], 0);
        let step = |next, stratum: u32| if is_left_out(next) { 0.0 } else { self.weights[stratum as usize] };
        for case in &self.cases {
            let (four, rest) = exposure.strata[at..case.at].as_chunks::<4>();
            for strata in four {
                now = [0, 1, 2, 3].map(|lane| now[lane] + step(at + lane, strata[lane]));
                at += 4;
            }
            for stratum in rest {
                now[0] += step(at, *stratum);
                at += 1;
            }
            self.before.push(now.iter().sum());
        }
    }

    /// Returns the number of all cases, which is also the time by the clock at the end of the log.
    fn all(&self) -> f64 {
        float(self.cases.len())
    }

    /// Returns the time by the clock after a case.
    fn after(&self, exposure: &Exposure, case: usize) -> f64 {
        self.before[case] + self.weights[exposure.strata[self.cases[case].at] as usize]
    }
}

/// Converts a count, which is far below 2⁵³.
#[expect(clippy::cast_precision_loss, reason = "counts of units are below 2^32")]
pub(super) fn float(count: usize) -> f64 {
    count as f64
}

/// A candidate for a stretch: from the first to the last of these cases, or to the end of the log. The cases belong to the stretch
/// if it has more cases than expected, and not if it has fewer.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    from: usize,
    to: Option<usize>,
    /// The evidence, reduced for the number of stretches that were looked at.
    evidence: f64,
}

/// The numbers of a candidate.
#[derive(Clone, Copy, Debug)]
struct Numbers {
    cases: f64,
    expected: f64,
    all: f64,
}

impl Numbers {
    /// Returns how many times the rate outside the rate inside is.
    fn ratio(self) -> f64 {
        let outside = (self.all - self.cases) / (self.all - self.expected).max(f64::MIN_POSITIVE);
        let inside = self.cases / self.expected.max(f64::MIN_POSITIVE);
        if outside <= 0.0 { f64::INFINITY } else { inside / outside }
    }
}

/// The search of one series.
pub(super) struct Search<'s> {
    units: &'s Units,
    exposure: &'s Exposure,
    series: &'s Series,
    index: usize,
    options: &'s Options,
    /// The evidence that a finding needs.
    bar: f64,
    /// The units of stretches that were found already, of one host or of all.
    masked: Vec<(Range<usize>, Option<u32>)>,
}

impl<'s> Search<'s> {
    /// Prepares the search of the series with this index.
    pub(super) fn new(all: &'s AllSeries, index: usize, units: &'s Units, options: &'s Options) -> Search<'s> {
        let series = &all.series[index];
        let chance = if units.lack_users { options.chance_without_users } else { options.chance };
        let level = all.levels[usize::from(series.host.is_some())];
        let bar = ln(1.0 / chance) + ln(2.0 * float(level.max(1)));
        let exposure = &all.exposures[series.exposure];
        Search { units, exposure, series, index, options, bar, masked: Vec::new() }
    }

    /// Returns all stretches of the series, those with more cases first.
    pub(super) fn run(mut self) -> Vec<Stretch> {
        let mut found = Vec::new();
        // Repeats follow the square of the traffic, so fewer of them say nothing.
        let sides: &[Side] = if self.series.of == Of::Repeats { &[Side::More] } else { &[Side::More, Side::Fewer] };
        let mut clock = self.clock();
        for side in sides.iter().copied() {
            for _ in 0..ROUNDS {
                let Some(stretch) = self.best(&clock, side) else { break };
                self.masked.push((stretch.units.clone(), None));
                found.push(stretch);
                clock = self.clock();
            }
        }
        found.retain(|stretch| !stretch.units.is_empty() && (stretch.begins || stretch.ends));
        found
    }

    /// Whether a stretch of the series is still one if the units of others are left out, each with its first and last time and its
    /// host if it is of one. A change that stands only beside a larger one is its other side.
    pub(super) fn holds_without(
        &mut self,
        stretch: &Stretch,
        others: impl Iterator<Item = (i64, i64, Option<u32>)>,
    ) -> bool {
        let at = |time: i64, is_end: bool| {
            self.exposure.units.partition_point(|unit| {
                let first = self.units.all[*unit as usize].first;
                first < time || is_end && first == time
            })
        };
        let masked = others.map(|(first, last, host)| (at(first, false)..at(last, true), host)).collect();
        self.masked = masked;
        let clock = self.clock();
        let cases = clock.cases.iter().filter(|case| stretch.units.contains(&case.at)).count();
        let left = stretch.units.clone().filter(|at| !self.is_masked(*at));
        let expected: f64 = left.map(|at| clock.weights[self.exposure.strata[at] as usize]).sum();
        let numbers = Numbers { cases: float(cases), expected, all: clock.all() };
        let pairs = float(ANCHORS * (ANCHORS - 1));
        numbers.all > 0.0
            && self.evidence(numbers, stretch.side, 2.0).is_some_and(|evidence| evidence - ln(pairs) >= self.bar)
    }

    /// Returns the clock without what was found already.
    fn clock(&self) -> Clock {
        let cases = &self.series.cases;
        if self.masked.is_empty() {
            return Clock::new(self.exposure, cases);
        }
        let mut clock = Clock::without(self.exposure, cases, |at| self.is_masked(at));
        clock.run(self.exposure, |at| self.is_masked(at));
        clock
    }

    /// Whether a unit of the exposure is in a stretch that was found already.
    fn is_masked(&self, at: usize) -> bool {
        let is_of = |host: &Option<u32>| host.is_none_or(|host| host == self.unit(at).host);
        self.masked.iter().any(|(units, host)| units.contains(&at) && is_of(host))
    }

    fn unit(&self, at: usize) -> &Unit {
        &self.units.all[self.exposure.units[at] as usize]
    }

    /// Returns the person of a unit of the exposure.
    fn person(&self, at: usize) -> u32 {
        self.unit(at).person
    }

    /// Returns the stretch with the most evidence, if it is a finding. `clock` must be without what was found already.
    fn best(&self, clock: &Clock, side: Side) -> Option<Stretch> {
        let least = if side == Side::More { float(self.options.cases_least) } else { self.options.deficit_least };
        if clock.all() < least {
            return None;
        }
        let mut best = self.scan(clock, side)?;
        self.refine(clock, side, &mut best);
        if side == Side::More {
            self.trim(clock, &mut best);
        }
        self.stretch(clock, side, best)
    }

    /// Returns the cases at which stretches may begin and end.
    fn anchors(cases: usize) -> Vec<usize> {
        if cases <= ANCHORS {
            return (0..cases).collect();
        }
        (0..ANCHORS).map(|anchor| anchor * (cases - 1) / (ANCHORS - 1)).collect()
    }

    /// Returns the numbers of a candidate.
    fn numbers(&self, clock: &Clock, side: Side, from: usize, to: Option<usize>) -> Numbers {
        let all = clock.all();
        let (cases, expected) = match side {
            Side::More => {
                let end = to.map_or(all, |to| clock.after(self.exposure, to));
                (to.map_or(clock.cases.len(), |to| to + 1) - from, end - clock.before[from])
            }
            Side::Fewer => {
                let end = to.map_or(all, |to| clock.before[to]);
                (to.unwrap_or(clock.cases.len()) - from - 1, end - clock.after(self.exposure, from))
            }
        };
        Numbers { cases: float(cases), expected: expected.clamp(0.0, all), all }
    }

    /// Returns the evidence of a candidate, or `None` if it is too small a change for a finding.
    fn evidence(&self, numbers: Numbers, side: Side, anchors: f64) -> Option<f64> {
        let Numbers { cases, expected, all } = numbers;
        let options = self.options;
        let p = expected / all;
        match side {
            Side::More => {
                if cases - expected < options.excess_least
                    || cases * (all - expected) < options.ratio_of_strong * expected * (all - cases)
                {
                    return None;
                }
                let evidence = at_least(cases - anchors, all - anchors, p);
                let ratio = match self.series.is_trouble {
                    true if evidence >= options.strong => options.ratio_of_strong,
                    true => options.ratio,
                    false => options.ratio_of_ordinary,
                };
                (numbers.ratio() >= ratio).then_some(evidence)
            }
            Side::Fewer => {
                let ratio = if self.series.is_trouble { options.ratio } else { options.ratio_of_ordinary };
                if expected - cases < options.deficit_least || numbers.ratio() * ratio > 1.0 {
                    return None;
                }
                Some(at_most(cases, all - anchors, p))
            }
        }
    }

    /// Returns the candidate with the most evidence among all pairs of anchors.
    fn scan(&self, clock: &Clock, side: Side) -> Option<Candidate> {
        let anchors = Search::anchors(clock.cases.len());
        let count = float(anchors.len());
        let (ln_to_end, ln_inner) = (ln(4.0 * count), ln((count * (count - 1.0)).max(1.0)));
        let mut best: Option<Candidate> = None;
        let mut look = |from: usize, to: Option<usize>| {
            let (anchors, stretches) = match to {
                Some(_) => (2.0, ln_inner),
                None if from == 0 && side == Side::More => (1.0, ln(4.0)),
                None => (1.0, ln_to_end),
            };
            let Some(evidence) = self.evidence(self.numbers(clock, side, from, to), side, anchors) else { return };
            let evidence = evidence - stretches;
            if evidence >= self.bar && best.is_none_or(|best| evidence > best.evidence) {
                best = Some(Candidate { from, to, evidence });
            }
        };
        // By how much the cases and the clock advance from the beginning or the end of a stretch on. Most pairs need no more than
        // these, because the number of cases is about what is expected.
        let ends: Vec<(f64, f64)> = anchors
            .iter()
            .map(|case| match side {
                Side::More => (float(*case + 1), clock.after(self.exposure, *case)),
                Side::Fewer => (float(*case), clock.before[*case]),
            })
            .collect();
        for (index, from) in anchors.iter().enumerate() {
            look(*from, None);
            let (cases, time, least) = match side {
                Side::More => (float(*from), clock.before[*from], self.options.excess_least),
                Side::Fewer => (float(*from + 1), clock.after(self.exposure, *from), self.options.deficit_least),
            };
            for (to, (cases_to, time_to)) in anchors.iter().zip(&ends).skip(index + 1) {
                let excess = (cases_to - cases) - (time_to - time);
                let excess = if side == Side::More { excess } else { -excess };
                if excess >= least - 1e-6 {
                    look(*from, Some(*to));
                }
            }
        }
        best
    }

    /// Moves both ends of a candidate between the neighbouring anchors to where they divide the cases best.
    fn refine(&self, clock: &Clock, side: Side, best: &mut Candidate) {
        let cases = clock.cases.len();
        if cases <= ANCHORS {
            return;
        }
        let step = cases.div_ceil(ANCHORS - 1);
        let gain = |from: usize, to: Option<usize>| {
            let Numbers { cases, expected, all } = self.numbers(clock, side, from, to);
            gain(cases, expected, all)
        };
        let near = |case: usize, low: usize, high: usize| case.saturating_sub(step).max(low)..(case + step).min(high);
        let mut most = gain(best.from, best.to);
        for from in near(best.from, 0, best.to.unwrap_or(cases)) {
            let this = gain(from, best.to);
            if this > most {
                (most, best.from) = (this, from);
            }
        }
        if let Some(to) = best.to {
            for to in near(to, best.from + 1, cases) {
                let this = gain(best.from, Some(to));
                if this > most {
                    (most, best.to) = (this, Some(to));
                }
            }
        }
    }

    /// Lets a stretch begin later if its first case is followed by a pause that the others do not have.
    fn trim(&self, clock: &Clock, best: &mut Candidate) {
        const LONG_PAUSE: i64 = 4 * HOUR;
        loop {
            let last = best.to.unwrap_or(clock.cases.len() - 1);
            if last < best.from + self.options.cases_least {
                return;
            }
            let numbers = self.numbers(clock, Side::More, best.from, best.to);
            let rate = numbers.cases / numbers.expected.max(f64::MIN_POSITIVE);
            let (first, next) = (&clock.cases[best.from], &clock.cases[best.from + 1]);
            let missing = rate * (clock.before[best.from + 1] - clock.after(self.exposure, best.from));
            let pause = next.first.saturating_sub(first.last);
            let is_long = || {
                let mut gaps: Vec<i64> = clock.cases[best.from + 1..=last]
                    .windows(2)
                    .map(|pair| pair[1].first.saturating_sub(pair[0].first))
                    .collect();
                gaps.sort_unstable();
                let median = gaps.get(gaps.len() / 2).copied().unwrap_or_default();
                pause >= LONG_PAUSE && pause >= median.saturating_mul(10)
            };
            // A code that was never seen before begins with its first case, unless very much is missing after it.
            let is_first = best.from == 0 && self.masked.is_empty();
            if is_first && missing < 10.0 || missing < 3.0 && (missing < 1.0 || !is_long()) {
                return;
            }
            best.from += 1;
        }
    }

    /// Checks the rest of the conditions of a finding, and returns it.
    fn stretch(&self, clock: &Clock, side: Side, best: Candidate) -> Option<Stretch> {
        let Candidate { from, to, evidence } = best;
        let numbers = self.numbers(clock, side, from, to);
        let units = match side {
            Side::More => clock.cases[from].at..to.map_or(self.exposure.units.len(), |to| clock.cases[to].at + 1),
            Side::Fewer => clock.cases[from].at + 1..to.map_or(self.exposure.units.len(), |to| clock.cases[to].at),
        };
        let [begins, ends] = self.ends(clock, side, best, numbers, &units);
        let mut stretch = Stretch {
            series: self.index,
            side,
            evidence,
            units,
            begins,
            ends,
            cases: [whole(numbers.cases), whole(numbers.all - numbers.cases)],
            expected: [numbers.expected, numbers.all - numbers.expected],
            person: None,
            is_surge: false,
        };
        if !self.holds_for_traffic(&stretch) {
            return Some(Stretch { begins: false, ends: false, ..stretch });
        }
        // The persons who have the cases: in the stretch, or outside it if the cases are missing there.
        let mut of_person: HashMap<u32, usize> = HashMap::new();
        for case in &clock.cases {
            if stretch.units.contains(&case.at) == (side == Side::More) {
                *of_person.entry(self.person(case.at)).or_default() += 1;
            }
        }
        let (busiest, most) = most_frequent(&of_person)?;
        let without =
            self.evidence_without(busiest, &stretch).min(self.evidence_without(self.exposure.heaviest, &stretch));
        // People who have a few of the results do not make it about more than one of them.
        let results = |person: Option<u32>| -> u64 {
            let is_of = |case: &&Case| person.is_none_or(|person| person == self.person(case.at));
            let inside = clock.cases.iter().filter(|case| stretch.units.contains(&case.at)).filter(is_of);
            inside.map(|case| case.count).sum()
        };
        let has_nearly_all = side == Side::More
            && busiest < self.units.minutes
            && 2 * most >= stretch.cases[0]
            && 10 * results(Some(busiest)) >= 9 * results(None);
        if !has_nearly_all
            && of_person.len() >= self.options.persons_least
            && without >= self.options.evidence_without_one
        {
            return Some(stretch);
        }
        let is_one = side == Side::More
            && busiest < self.units.minutes
            && 2 * most >= stretch.cases[0]
            && most >= self.options.cases_least;
        stretch.person = is_one.then_some(busiest);
        // A stretch that depends on a few persons is masked, too, so that it does not hide other stretches.
        (stretch.begins, stretch.ends) = if is_one { (begins, ends) } else { (false, false) };
        Some(stretch)
    }

    /// Whether a stretch remains a finding if two things are taken into account that make cases depend on each other: people who
    /// sign in more often in an hour get a code in it more easily, and one trouble may give a person the code in several hours.
    fn holds_for_traffic(&self, stretch: &Stretch) -> bool {
        // The number of results of other codes, and of units, inside and outside.
        let (mut others, mut units) = ([0_u64; 2], [0_u64; 2]);
        // For each person the units and cases, and the same for each person and day.
        let mut of_person = vec![[0_u32; 2]; self.units.persons];
        let mut of_day = vec![(0, [0_u32; 2]); self.units.days];
        let mut cases = self.series.cases.iter().peekable();
        for at in 0..self.exposure.units.len() {
            let case = cases.next_if(|case| case.at == at);
            if self.is_masked(at) {
                continue;
            }
            let Unit { person, day, attempts, .. } = *self.unit(at);
            let side = usize::from(!stretch.units.contains(&at));
            others[side] += u64::from(attempts) - case.map_or(0, |case| case.count.min(u64::from(attempts)));
            units[side] += 1;
            of_day[day as usize].0 = person;
            for counts in [&mut of_person[person as usize], &mut of_day[day as usize].1] {
                counts[0] += 1;
                counts[1] += u32::from(case.is_some());
            }
        }
        let others_in_unit = |side: usize| (count(others[side]) + 1.0) / (count(units[side]) + 1.0);
        let change = others_in_unit(0) / others_in_unit(1);
        let change = if stretch.side == Side::More { change.max(1.0) } else { change.min(1.0) };
        let [inside, outside] = stretch.expected;
        let all = inside + outside;
        let expected = inside * change * all / (inside * change + outside).max(f64::MIN_POSITIVE);
        let numbers = Numbers { cases: float(stretch.cases[0]), expected, all };
        // The number of cases of a person on a day that a case sees, and how many it would see by the person's rate alone.
        let (mut seen, mut alone) = (0.0, 0.0);
        for (person, [units, cases]) in of_day.iter().filter(|(_, [_, cases])| *cases > 0) {
            let [all_units, all_cases] = of_person[*person as usize].map(f64::from);
            seen += f64::from(*cases) * f64::from(*cases);
            alone += f64::from(*cases) * (1.0 + f64::from(units - 1) * all_cases / all_units);
        }
        let cluster = (seen / f64::max(alone, 1.0)).max(1.0);
        let reduced = stretch.evidence
            * self.evidence(numbers, stretch.side, 1.0).map_or(0.0, |evidence| {
                let plain = Numbers { expected: inside, ..numbers };
                evidence / self.evidence(plain, stretch.side, 1.0).unwrap_or(f64::INFINITY).max(f64::MIN_POSITIVE)
            });
        reduced / cluster >= self.bar
    }

    /// Returns the evidence of a stretch without the cases and units of a person, for this stretch alone.
    fn evidence_without(&self, person: u32, stretch: &Stretch) -> f64 {
        let is_left_out = |at: usize| self.person(at) == person || self.is_masked(at);
        // Only its weights are needed, so it is not run.
        let clock = Clock::without(self.exposure, &self.series.cases, is_left_out);
        let inside = |case: &&Case| stretch.units.contains(&case.at);
        let cases = float(clock.cases.iter().filter(inside).count());
        let mut expected = 0.0;
        for at in stretch.units.clone() {
            expected += if is_left_out(at) { 0.0 } else { clock.weights[self.exposure.strata[at] as usize] };
        }
        let all = clock.all();
        if all <= 0.0 {
            return 0.0;
        }
        match stretch.side {
            Side::More => at_least(cases - 1.0, all - 1.0, expected / all),
            Side::Fewer => at_most(cases, all, expected / all),
        }
    }

    /// Returns whether the log before and after a stretch is different from it, each by its own cases alone.
    ///
    /// If there is nothing to compare with at the same hours, as before the first weekend, all hours of a host are compared.
    fn ends(&self, clock: &Clock, side: Side, best: Candidate, inside: Numbers, units: &Range<usize>) -> [bool; 2] {
        let start = match side {
            Side::More => clock.before[best.from],
            Side::Fewer => clock.after(self.exposure, best.from),
        };
        let before = match side {
            Side::More => best.from,
            Side::Fewer => best.from + 1,
        };
        let after = clock.cases.len() - before - whole(inside.cases);
        let differs = |cases: usize, [expected, inside_expected]: [f64; 2]| {
            let (cases, all) = (float(cases), float(cases) + inside.cases);
            let p = expected.max(0.0) / (expected.max(0.0) + inside_expected).max(f64::MIN_POSITIVE);
            let evidence = match side {
                Side::More => at_most(cases, all, p),
                Side::Fewer => at_least(cases, all, p),
            };
            evidence >= self.options.evidence_of_end
        };
        let own = [
            differs(before, [start, inside.expected]),
            differs(after, [clock.all() - start - inside.expected, inside.expected]),
        ];
        if own == [true, true] {
            return own;
        }
        let [before_expected, inside_expected, after_expected] = self.expected_at_all_hours(clock, units);
        [
            own[0] || differs(before, [before_expected, inside_expected]),
            own[1] || differs(after, [after_expected, inside_expected]),
        ]
    }

    /// Returns the numbers of cases that are expected before, in and after a stretch if the hour does not matter.
    fn expected_at_all_hours(&self, clock: &Clock, stretch: &Range<usize>) -> [f64; 3] {
        let host = |at: usize| self.unit(at).host;
        let mut cases: HashMap<u32, f64> = HashMap::new();
        clock.cases.iter().for_each(|case| *cases.entry(host(case.at)).or_default() += 1.0);
        let mut units: HashMap<u32, [f64; 3]> = HashMap::new();
        for at in (0..self.exposure.units.len()).filter(|at| !self.is_masked(*at)) {
            let part = if at < stretch.start {
                0
            } else if at < stretch.end {
                1
            } else {
                2
            };
            units.entry(host(at)).or_default()[part] += 1.0;
        }
        let mut hosts: Vec<u32> = cases.keys().copied().collect();
        // In a fixed order, because the last digit of a sum depends on it.
        hosts.sort_unstable();
        hosts.iter().fold([0.0; 3], |sum, host| {
            let of_host = units.get(host).copied().unwrap_or_default();
            let weight = cases[host] / of_host.iter().sum::<f64>().max(1.0);
            [0, 1, 2].map(|part| sum[part] + weight * of_host[part])
        })
    }
}

/// Returns the person who occurs most often, and how often.
fn most_frequent(of_person: &HashMap<u32, usize>) -> Option<(u32, usize)> {
    of_person.iter().map(|(person, cases)| (*person, *cases)).max_by_key(|(person, cases)| (*cases, *person))
}

#[expect(clippy::cast_precision_loss, reason = "a mean is compared with another")]
fn count(count: u64) -> f64 {
    count as f64
}

/// Converts a count that was a whole number before.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole and not negative")]
fn whole(count: f64) -> usize {
    count as usize
}
