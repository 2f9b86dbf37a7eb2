// SPDX-License-Identifier: Apache-2.0
import readline from "node:readline";

import { CoreV1Api, CustomObjectsApi, makeInformer } from "@kubernetes/client-node";

const AGAIN_MS = 100;

// One informer, started again when it ends with an error, as its documentation says.
function follow(config, path, list) {
    const informer = makeInformer(config, path, list);
    const told = { informer, added: 0, changed: 0, ended: 0, wrong: [], known: new Map() };
    const take = (kind, isNew) => (object) => {
        const { name, uid } = object.metadata;
        told[kind]++;
        if (told.known.has(name) === isNew || (kind === "ended" && told.known.get(name) !== uid))
            told.wrong.push(`${kind} ${name}`);
        if (kind === "ended")
            told.known.delete(name);
        else
            told.known.set(name, uid);
    };
    informer.on("add", take("added", true));
    informer.on("update", take("changed", false));
    informer.on("delete", take("ended", false));
    informer.on("error", () => setTimeout(() => informer.start(), AGAIN_MS));
    return informer.start().then(() => told);
}

// Holds the ConfigMaps and the Widgets of the namespace. Each line of the input is answered with what it holds.
export async function informer({ config, namespace, say }) {
    const core = config.makeApiClient(CoreV1Api);
    const custom = config.makeApiClient(CustomObjectsApi);
    const at = { group: "shop.example.org", version: "v1", namespace, plural: "widgets" };
    const both = {
        configmaps: await follow(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
            core.listNamespacedConfigMap({ namespace })),
        widgets: await follow(config, `/apis/${at.group}/${at.version}/namespaces/${namespace}/widgets`, () =>
            custom.listNamespacedCustomObject(at)),
    };
    say({ ready: true });
    for await (const _ of readline.createInterface({ input: process.stdin })) {
        const answer = {};
        for (const [kind, told] of Object.entries(both)) {
            const { added, changed, ended, wrong } = told;
            const held = told.informer.list().map(({ metadata }) => [metadata.name, metadata.resourceVersion]);
            answer[kind] = { holds: Object.fromEntries(held), added, changed, ended, wrong };
        }
        say(answer);
    }
    process.exit(0);
}
