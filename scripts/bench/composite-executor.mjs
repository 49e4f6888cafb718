/**
 * A Composite Executor by script, in a process of its own: every node run that it is given gets three echo children, which it
 * follows to their end, then it reports and completes. Started by composite.mjs with an IPC channel; it ends with the channel.
 *
 * argv: the version of jarvis.core.echo, most requests at once. Messages: `{ url }` once, `{ failure }` when a report is refused.
 */
import { createServer } from 'node:http';
import { connectTo } from './http-client.mjs';

const CHILDREN = 3;
const [, , echoVersion, connections] = process.argv;
const coordinators = new Map();

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const isBegin = request.method === 'POST' && request.url === '/v1/composite-node-runs:begin';
    if (isBegin) {
      const assignment = JSON.parse(body);
      answer(response, 200, { accepted: true });
      void work(assignment).catch((error) => {
        process.send({ failure: `the composite executor on node run ${assignment.node_run_id}: ${error.message}` });
      });
    } else if (request.url === '/v1/health') {
      answer(response, 200, { status: 'ok', time: new Date().toISOString() });
    } else if (request.url === '/v1/version') {
      answer(response, 200, { service_name: 'bench', service_version: '1.0.0', supported_api_versions: ['v1'] });
    } else if (request.method === 'POST' && request.url.endsWith(':cancel')) {
      response.writeHead(204).end();
    } else {
      answer(response, 404, { error: { code: 'route_not_found', message: 'There is no such route.' } });
    }
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }));
process.on('disconnect', () => process.exit(0));
// Ctrl-C reaches this process too; the bench ends it when the suite needs it no more.
process.on('SIGINT', () => undefined);

/** @param assignment a CompositeBeginRequest */
async function work({ run_id, node_run_id, inputs, coordinator_endpoint, assignment_token }) {
  const coordinator = coordinatorAt(coordinator_endpoint);
  const headers = assignment_token === undefined ? {} : { authorization: `Bearer ${assignment_token}` };
  const created = await coordinator.post(
    '/v1/node-runs',
    {
      run_id,
      parent_node_run_id: node_run_id,
      node_runs: Array.from({ length: CHILDREN }, (_, index) => ({
        node_type_ref: { node_type_id: 'jarvis.core.echo', version: echoVersion },
        inputs: { ...inputs, child: index },
        idempotency_key: `child-${index}`,
      })),
    },
    headers,
  );
  const children = created.node_runs.map((child) => child.node_run_id);
  const open = new Set(children);
  let hasFailed = false;
  // The stream is read to its end, which is that of the run: the connection can then be used again.
  for await (const { type, node_run_id: id, data } of coordinator.lines(
    `/v1/runs/${run_id}/events?follow=1`,
    headers,
  )) {
    if (type !== 'atomic_executed' || !open.delete(id)) continue;
    hasFailed ||= data.state !== 'succeeded';
    if (open.size > 0) continue;
    const evaluation = { status: hasFailed ? 'fail' : 'success', reason_code: 'children_ended' };
    await coordinator.post(`/v1/node-runs/${node_run_id}:evaluation`, { evaluation_result: evaluation }, headers);
    await coordinator.post(
      `/v1/node-runs/${node_run_id}:complete`,
      hasFailed
        ? { state: 'failed', error: { code: 'child_failed', message: 'A child did not succeed.' } }
        : { state: 'succeeded', outputs: { children } },
      headers,
    );
  }
  if (open.size > 0) throw new Error(`the events ended while ${open.size} children were open`);
}

function coordinatorAt(endpoint) {
  let client = coordinators.get(endpoint);
  if (client === undefined) {
    client = connectTo(endpoint.replace(/\/+$/, '').replace(/\/v1$/, ''), Number(connections));
    coordinators.set(endpoint, client);
  }
  return client;
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
