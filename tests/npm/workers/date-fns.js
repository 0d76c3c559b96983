// date-fns: parsing, formatting, arithmetic, intervals, locales, distances; the zone of a Worker is UTC.
import * as f from "date-fns";
import { de, fr, ja } from "date-fns/locale";
import { equal, ok, program, thrown } from "../check.js";

const d = new Date(Date.UTC(2026, 10, 5, 15, 4, 5, 678));
const iso = (x) => (f.isValid(x) ? x.toISOString() : "invalid");
const day = (x) => iso(x).slice(0, 10);

export default program({
  "format": () => {
    equal(f.format(d, "yyyy-MM-dd'T'HH:mm:ss.SSSxxx"), "2026-11-05T15:04:05.678+00:00");
    equal(f.format(d, "EEEE, do MMMM yyyy, h:mm a"), "Thursday, 5th November 2026, 3:04 PM");
    equal(f.format(d, "PPPP | PPpp | p"), "Thursday, November 5th, 2026 | Nov 5, 2026, 3:04:05 PM | 3:04 PM");
    equal(f.format(d, "QQQ R I i ww e c GGGG BBBB X t T"), "Q4 2026 45 4 45 5 5 Anno Domini in the afternoon Z 1793891045 1793891045678");
    equal(f.format(d, "''yy'' 'at' D", { useAdditionalDayOfYearTokens: true }), "'26' at 309");
    equal((caught(() => f.format(new Date(NaN), "yyyy"))).name, "RangeError");
  },
  "other languages": () => {
    equal(f.format(d, "EEEE, d. MMMM yyyy", { locale: de }), "Donnerstag, 5. November 2026");
    equal(f.format(d, "PPPP", { locale: fr }), "jeudi 5 novembre 2026");
    equal(f.format(d, "PPP", { locale: ja }), "2026年11月5日");
    equal(f.formatDistance(d, f.addDays(d, 3), { locale: de, addSuffix: true }), "vor 3 Tagen");
  },
  "parse": () => {
    equal(iso(f.parse("05/11/2026 3:04 pm", "dd/MM/yyyy h:mm a", new Date(0))), "2026-11-05T15:04:00.000Z");
    equal(iso(f.parse("5. November 2026", "d. MMMM yyyy", new Date(0), { locale: de })), "2026-11-05T00:00:00.000Z");
    equal(iso(f.parse("31/02/2026", "dd/MM/yyyy", new Date(0))), "invalid");
    equal(iso(f.parseISO("2026-W45-4")), "2026-11-05T00:00:00.000Z");
    equal(iso(f.parseISO("2026-11-05T15:04:05.678+02:00")), "2026-11-05T13:04:05.678Z");
    equal(iso(f.parseJSON("2026-11-05T15:04:05.678Z")), iso(d));
    equal([f.isMatch("2026-13-01", "yyyy-MM-dd"), f.isExists(2026, 1, 29)], [false, false]);
  },
  "arithmetic": () => {
    equal(day(f.addMonths(new Date(Date.UTC(2026, 0, 31)), 1)), "2026-02-28");
    equal(day(f.add(d, { years: 1, months: 2, weeks: 1, days: 3, hours: 10 })), "2028-01-16");
    equal(day(f.sub(d, { months: 11 })), "2025-12-05");
    equal(day(f.addBusinessDays(d, 3)), "2026-11-10");
    equal(day(f.setISOWeek(d, 1)), "2026-01-01");
    equal([day(f.nextFriday(d)), day(f.previousMonday(d)), day(f.lastDayOfQuarter(d))], ["2026-11-06", "2026-11-02", "2026-12-31"]);
    equal(iso(f.roundToNearestMinutes(d, { nearestTo: 15 })), "2026-11-05T15:00:00.000Z");
  },
  "starts and ends": () => {
    equal([f.startOfWeek(d), f.endOfMonth(d), f.startOfISOWeek(d), f.startOfYear(d), f.endOfDay(d)].map(iso),
      ["2026-11-01T00:00:00.000Z", "2026-11-30T23:59:59.999Z", "2026-11-02T00:00:00.000Z", "2026-01-01T00:00:00.000Z", "2026-11-05T23:59:59.999Z"]);
    equal(iso(f.startOfWeek(d, { weekStartsOn: 1 })), "2026-11-02T00:00:00.000Z");
  },
  "differences": () => {
    const then = new Date(Date.UTC(2024, 1, 29, 12));
    equal([f.differenceInDays(d, then), f.differenceInMonths(d, then), f.differenceInYears(d, then), f.differenceInBusinessDays(d, then), f.differenceInCalendarWeeks(d, then)],
      [980, 32, 2, 700, 140]);
    equal(f.intervalToDuration({ start: then, end: d }), { years: 2, months: 8, days: 8, hours: 3, minutes: 4, seconds: 5 });
    equal(f.formatDuration({ months: 9, days: 2, hours: 1 }, { delimiter: ", " }), "9 months, 2 days, 1 hour");
  },
  "distances": () => {
    equal(f.formatDistance(d, f.addMinutes(d, 75)), "about 1 hour");
    equal(f.formatDistanceStrict(d, f.addSeconds(d, 45)), "45 seconds");
    equal(f.formatDistanceToNowStrict(f.addDays(new Date(), -400), { addSuffix: true }), "1 year ago");
    equal(f.formatRelative(f.subDays(d, 2), d), "last Tuesday at 3:04 PM");
    equal([f.formatISO(d), f.formatRFC3339(d), f.formatRFC7231(d), f.formatISO9075(d)],
      ["2026-11-05T15:04:05Z", "2026-11-05T15:04:05Z", "Thu, 05 Nov 2026 15:04:05 GMT", "2026-11-05 15:04:05"]);
  },
  "comparisons and intervals": () => {
    equal([f.isBefore(d, f.addDays(d, 1)), f.isSameWeek(d, f.addDays(d, 2)), f.isWeekend(d), f.isLeapYear(d), f.isFuture(new Date(Date.now() + 1e6))], [true, true, false, false, true]);
    equal(f.eachDayOfInterval({ start: d, end: f.addDays(d, 3) }).map(day), ["2026-11-05", "2026-11-06", "2026-11-07", "2026-11-08"]);
    equal(f.eachWeekendOfMonth(d).length, 9);
    ok(f.areIntervalsOverlapping({ start: d, end: f.addDays(d, 2) }, { start: f.addDays(d, 1), end: f.addDays(d, 3) }));
    equal(iso(f.max([d, new Date(0)])), iso(d));
    equal([0, 5, 2].map((n) => f.addDays(d, n)).sort(f.compareDesc).map(day), ["2026-11-10", "2026-11-07", "2026-11-05"]);
    equal(iso(f.closestTo(d, [new Date(0), f.addDays(d, 9)])), iso(f.addDays(d, 9)));
  },
  "getters and conversions": () => {
    equal([f.getISOWeek(d), f.getQuarter(d), f.getDayOfYear(d), f.getDaysInMonth(d), f.getUnixTime(d), f.getWeekOfMonth(d), f.getDecade(d)], [45, 4, 309, 30, 1793891045, 1, 2020]);
    equal([f.hoursToMinutes(2), f.daysToWeeks(15), f.millisecondsToHours(7200000), f.getISODay(new Date(Date.UTC(2026, 10, 8)))], [120, 2, 2, 7]);
    equal(iso(f.set(d, { year: 2000, month: 1, date: 29, hours: 0 })), "2000-02-29T00:04:05.678Z");
    equal([iso(f.fromUnixTime(5)), f.milliseconds({ weeks: 1 }), f.lightFormat(d, "yyyy/MM/dd")], ["1970-01-01T00:00:05.000Z", 604800000, "2026/11/05"]);
  },
  "Intl": () => {
    equal(f.intlFormat(d, { year: "numeric", month: "long", day: "numeric" }, { locale: "en-US" }), "November 5, 2026");
    equal(f.intlFormatDistance(f.addDays(d, 2), d, { locale: "en", numeric: "always" }), "in 2 days");
  },
  "wrong tokens": async () => {
    ok((await thrown(() => f.format(d, "YYYY"))).message.includes("yyyy"));
    ok((await thrown(() => f.format(d, "n"))).message.includes("unescaped latin alphabet character"));
  },
});

function caught(f) {
  try {
    f();
  } catch (e) {
    return e;
  }
  return {};
}
