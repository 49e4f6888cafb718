# One image for every service; the command says which: gateway (default), coordinator, atomic-executor, pdp or
# tool-gateway, then its flags.
#   docker run IMAGE coordinator --port 9000

FROM node:20-slim AS build
WORKDIR /app
COPY . .
RUN npm ci
RUN npm run build
# Optional dependencies are the binaries of SWC and of the embedded PostgreSQL: in a container DATABASE_URL names the database.
RUN npm prune --omit=dev --omit=optional

FROM node:20-slim
ENV NODE_ENV=production
# Inside the container only; which ports the outside reaches is decided where the container is started. See README, Security.
ENV ARP_HOST=0.0.0.0
WORKDIR /app
# node_modules links the SDK and the node packs, so their folders come along.
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/libs/node-pack-sdk ./libs/node-pack-sdk
COPY --from=build /app/node-packs ./node-packs
COPY --from=build /app/dist ./dist
COPY --from=build /app/libs/policy/bin ./libs/policy/bin
# What handlers keep as artifacts; a volume outlives the container.
RUN mkdir -p .data/artifacts && chown -R node:node .data
USER node
EXPOSE 8080 8081 8082 8086 8090

# A container has one of the services. /v1/health answers 200 whatever the status is, so the status is read.
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 \
  CMD ["node", "-e", "const ports = [process.env.ARP_RUN_GATEWAY_PORT || 8080, process.env.ARP_RUN_COORDINATOR_PORT || 8081, process.env.ARP_ATOMIC_EXECUTOR_PORT || 8082, process.env.ARP_PDP_PORT || 8086, process.env.ARP_TOOL_GATEWAY_PORT || 8090]; const check = async (port) => { const health = await (await fetch('http://127.0.0.1:' + port + '/v1/health')).json(); if (health.status === 'down') throw new Error('down'); }; Promise.any(ports.map(check)).catch(() => process.exit(1))"]

# `exec` makes the service process 1, so that it hears SIGTERM and drains.
ENTRYPOINT ["sh", "-c", "exec node --enable-source-maps \"dist/apps/$0/src/main.js\" \"$@\""]
CMD ["gateway"]
