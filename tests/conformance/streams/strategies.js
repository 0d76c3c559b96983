// Queuing strategies.
import { checks } from "../checks.js";


export default checks([
  () => [new ByteLengthQueuingStrategy({ highWaterMark: 4 }).highWaterMark, new CountQueuingStrategy({ highWaterMark: "3" }).highWaterMark, new CountQueuingStrategy({ highWaterMark: 1 }).size(), new CountQueuingStrategy({ highWaterMark: 1 }).size.name],
  () => new CountQueuingStrategy(),
  () => new CountQueuingStrategy({}),
  () => new ByteLengthQueuingStrategy({ highWaterMark: NaN }).highWaterMark,
  () => new ByteLengthQueuingStrategy({ highWaterMark: -1 }).highWaterMark,
  () => new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size({ byteLength: 9 }),
  () => new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size(),
  () => new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size === new ByteLengthQueuingStrategy({ highWaterMark: 1 }).size,
]);
