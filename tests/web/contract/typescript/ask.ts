// Asks a running service, with the types that openapi-typescript makes of its description.
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Answer = components["schemas"]["AnswerBody"];

declare const process: { argv: string[] };
const [, , baseUrl = "", question = ""] = process.argv;
const client = createClient<paths>({ baseUrl });

function first(answer: Answer): string {
  return answer.passages[0]?.citation.document_id ?? "none";
}

const asked = await client.GET("/ask", { params: { query: { q: [question], limit: 1 } } });
if (asked.error) throw new Error(asked.error.detail);

const body = { questions: [{ question }, { question, generation: "000000000000" }] };
const posted = await client.POST("/ask", { body });
if (posted.error) throw new Error(posted.error.detail);
const answers = "answers" in posted.data ? posted.data.answers : [posted.data];

const document_id = first(asked.data);
const path = { document_id };
const read = await client.GET("/documents/{document_id}.json", { params: { path } });
if (read.error) throw new Error(read.error.detail);

const gone = await client.GET("/documents/{document_id}.json", {
  params: { path: { document_id: "none/such" } },
});

console.log(
  JSON.stringify({
    document_id,
    verdicts: answers.map((each) => ("verdict" in each ? each.verdict : each.code)),
    title: read.data.title,
    problem: gone.error?.code,
    // Left out where there are none.
    operators: asked.data.query.operators?.length ?? 0,
  }),
);
