// Sends one message of a customer to Triage and does what the reply asks for. Needs nothing but Node 22.18 or later, which runs it as it is.
//
//     node docs/clients/client.ts CONVERSATION TEXT [MESSAGE_ID]
//
// `TRIAGE_URL` (http://127.0.0.1:8080) says where, `TRIAGE_KEY` is sent as a key if it is set. Exits with 0 if the service decided, with 1 if the
// message has to go to your own people. What is printed here is where your gateway calls its own functions.

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

const URL = process.env.TRIAGE_URL ?? 'http://127.0.0.1:8080';
const PATIENCE = 10_000; // milliseconds that the customer may wait, all tries together
const TRY = 2_000; // milliseconds for one of them
const AGAIN = [0, 429, 500, 502, 503, 504];

type Message = { conversation_id: string; message_id: string; text: string; deadline_ms: number };

/** The fields that are used here; there are more, and new ones may come. */
type Reply = {
  decision: 'answer' | 'ask' | 'handoff' | 'silent';
  durable: boolean;
  supersedes: string[];
  answer: { text: string; choices: { value: string; title: string }[] } | null;
  suggestions?: { text: string }[];
  handoff: { ticket_id: string | null; queue: string; level: string; respond_due_at: string; summary: string } | null;
  reasons: { code: string; detail: string }[];
};

type Tried = { status: number; retryAfter: string | null; body: string };

/** One try; status 0 if nothing came back. */
async function post(message: Message): Promise<Tried> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (process.env.TRIAGE_KEY) headers.authorization = `Bearer ${process.env.TRIAGE_KEY}`;
  // A little longer than the deadline, so that an error comes in the service's own words.
  const signal = AbortSignal.timeout(TRY + 500);
  try {
    const response = await fetch(`${URL}/v1/triage`, { method: 'POST', headers, body: JSON.stringify(message), signal });
    return { status: response.status, retryAfter: response.headers.get('retry-after'), body: await response.text() };
  } catch {
    return { status: 0, retryAfter: null, body: '' };
  }
}

/** The reply, or null after telling why there is none. Every try has the same `message_id`, so it is decided once. */
async function decide(message: Message): Promise<Reply | null> {
  const giveUp = Date.now() + PATIENCE;
  for (let wait = 200; ; wait *= 2) {
    const { status, retryAfter, body } = await post(message);
    if (status === 200) return JSON.parse(body);
    const pause = /^\d+$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : wait;
    if (!AGAIN.includes(status) || Date.now() + pause > giveUp) {
      console.log(`to your own people: status ${status} ${explain(body)}`);
      return null;
    }
    await sleep(pause);
  }
}

function explain(body: string): string {
  try {
    const { code, message, request_id } = JSON.parse(body).error;
    return `${code}: ${message} (request ${request_id})`;
  } catch {
    return 'without a reason';
  }
}

/** What docs/api.md asks of a gateway. */
function act({ decision, durable, supersedes, answer, suggestions, handoff, reasons }: Reply): void {
  for (const earlier of supersedes) console.log(`leave out, if not shown yet: the reply to ${earlier}`);
  if (answer) console.log(`say: ${answer.text}`);
  for (const choice of answer?.choices ?? []) console.log(`choice: ${choice.title}`);
  if (decision === 'handoff' && handoff && durable) {
    console.log(`waits for a person: ticket ${handoff.ticket_id} in ${handoff.queue}`);
  } else if (decision === 'handoff' && handoff) {
    // Nobody else knows of it.
    const { queue, level, respond_due_at, summary } = handoff;
    console.log(`put into ${queue} yourself: ${level}, by ${respond_due_at}: ${summary}`);
  } else if (decision === 'silent') {
    for (const { code } of reasons) if (/^(sensitive|emotion):/.test(code)) console.log(`tell the person: ${code}`);
    for (const { text } of suggestions ?? []) console.log(`offer the person: ${text}`);
  }
}

const [conversation, text, id] = process.argv.slice(2);
if (conversation === undefined || text === undefined) {
  console.error('usage: node client.ts CONVERSATION TEXT [MESSAGE_ID]');
  process.exit(2);
}
decide({ conversation_id: conversation, message_id: id ?? randomUUID(), text, deadline_ms: TRY }).then((reply) => {
  process.exitCode = reply ? 0 : 1;
  if (!reply) return;
  console.log(`decision: ${reply.decision}`);
  act(reply);
});
