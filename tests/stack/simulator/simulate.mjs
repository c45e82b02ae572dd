// Evaluate requests against policies, for tests/stack/simulate.py.
//
// Standard input: a JSON array of {principal, action, resource, account, context, identity: [policy…],
// boundary: policy or null, resourcePolicy: policy or null}.
// Standard output: a JSON array of true or false: is it allowed? A request that the simulator refuses is an error.
import { readFileSync } from "node:fs";
import { runSimulation } from "@cloud-copilot/iam-simulate";

const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
const asked = JSON.parse(readFileSync(0, "utf8"));
const answers = [];
for (const one of asked) {
  const simulated = await runSimulation(
    {
      request: {
        principal: one.principal,
        action: one.action,
        resource: { resource: one.resource, accountId: one.account },
        contextVariables: one.context,
      },
      identityPolicies: one.identity.map((policy, number) => ({ name: `policy${number}`, policy })),
      serviceControlPolicies: [{ orgIdentifier: "o-root", policies: [{ name: "all", policy: everything }] }],
      resourceControlPolicies: [],
      resourcePolicy: one.resourcePolicy ?? undefined,
      permissionBoundaryPolicies: one.boundary ? [{ name: "boundary", policy: one.boundary }] : undefined,
    },
    {},
  );
  if (simulated.resultType === "error") {
    process.stderr.write(`${one.action} on ${one.resource}: ${JSON.stringify(simulated.errors)}\n`);
    process.exit(1);
  }
  answers.push(simulated.overallResult === "Allowed");
}
process.stdout.write(JSON.stringify(answers));
