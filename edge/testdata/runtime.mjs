// Runs a function as Lambda does: `node runtime.mjs MODULE` takes {id, event} in lines and gives {id, result} or
// {id, error} in lines, as they come, until its input ends.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { handler } = await import(pathToFileURL(process.argv[2]));
for await (const line of createInterface({ input: process.stdin })) {
  const { id, event } = JSON.parse(line);
  Promise.resolve(event).then(handler).then(
    (result) => ({ id, result }),
    (error) => ({ id, error: String(error) }),
  ).then((reply) => process.stdout.write(`${JSON.stringify(reply)}\n`));
}
