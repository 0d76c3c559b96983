// The compatibility date of WorkerCode: what is a date, from which to which day.
import { checks } from "../checks.js";

const load = ({ env }, compatibilityDate) => {
  env.LOADER.load({ compatibilityDate, mainModule: "main.js", modules: { "main.js": "" } });
  return "taken";
};
const dates = ["", "2026-11-01", "2026-11-24", "2021-01-01", "2000-01-01", "2020-12-31", "1999-12-31", "2026-13-01", "2026-00-10", "2026-02-30", "2026-02-31",
  "2026-04-31", "2026-01-32", "2026-01-00", "2026-1-1", "2026-1-01", "26-01-01", "02026-01-01", " 2026-01-01", "2026-01-01 ", "2026/01/01", "2026-01-01T00:00:00Z",
  "20260101", "yesterday", "2026-01", "2026", "2026-01-01\n", "2026-01-01\0", "+2026-01-01", "-2026-01-01", "2026-0a-01", "٢٠٢٦-٠١-٠١", "2999-01-01",
  "2026-11-25", "2026-12-31", "2027-01-01", "3000-01-01", "9999-12-31", "x".repeat(40)];

export default checks(Object.fromEntries(dates.map((date) => [JSON.stringify(date), (t) => load(t, date)])));
