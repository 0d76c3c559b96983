// In place of a language model: asked for a program, it gives this one, whatever the task.
export async function write(task, tools) {
  return `// ${JSON.stringify(task)}, with ${tools.join(", ")}
    import { WorkerEntrypoint } from "cloudflare:workers";
    export default class extends WorkerEntrypoint {
      async run() {
        const { TOOLS } = this.env, ordered = [];
        for (const item of await TOOLS.items()) {
          const [stock, sold] = await Promise.all([TOOLS.stock(item), TOOLS.soldPerDay(item)]);
          if (stock >= 7 * sold) continue;
          const count = 14 * sold - stock;
          if ((await TOOLS.price(item)) * count > 200) continue;
          ordered.push(\`\${await TOOLS.order(item, count)} of \${item}\`);
        }
        return "ordered " + ordered.join(", ");
      }
    }`;
}
