// SPDX-License-Identifier: Apache-2.0
import assert from "node:assert/strict";

import {
    CoreV1Api,
    CustomObjectsApi,
    KubernetesObjectApi,
    PatchStrategy,
    Watch,
    setHeaderOptions,
} from "@kubernetes/client-node";

const as = (type) => setHeaderOptions("Content-Type", type);
const APPLY = "application/apply-patch+yaml";

// The Status with which the server refuses CALL.
async function refusal(call) {
    try {
        await call;
    } catch (error) {
        const status = typeof error.body === "string" ? JSON.parse(error.body) : error.body;
        assert.equal(status.kind, "Status");
        assert.equal(status.code, error.code);
        return status;
    }
    throw new Error("it was not refused");
}

async function crud({ core, namespace }) {
    const body = { metadata: { name: "a", labels: { app: "a" } }, data: { x: "1" } };
    const made = await core.createNamespacedConfigMap({ namespace, body });
    assert.ok(made.metadata.uid && made.metadata.resourceVersion);
    assert.ok(made.metadata.creationTimestamp instanceof Date);
    const changed = await core.replaceNamespacedConfigMap({ namespace, name: "a", body: { ...made, data: { x: "2" } } });
    assert.equal(changed.data.x, "2");
    assert.deepEqual(await core.readNamespacedConfigMap({ namespace, name: "a" }), changed);
    const list = await core.listNamespacedConfigMap({ namespace, labelSelector: "app=a" });
    assert.deepEqual(list.items.map((item) => item.metadata.uid), [made.metadata.uid]);
    const old = await refusal(core.replaceNamespacedConfigMap({ namespace, name: "a", body: made }));
    assert.equal(old.reason, "Conflict");
    await core.deleteNamespacedConfigMap({ namespace, name: "a" });
    const gone = await refusal(core.readNamespacedConfigMap({ namespace, name: "a" }));
    assert.deepEqual([gone.reason, gone.message], ["NotFound", 'configmaps "a" not found']);
}

async function patches({ core, namespace }) {
    await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "p" }, data: { x: "1" } } });
    for (const [type, body, wanted] of [
        [PatchStrategy.JsonPatch, [{ op: "replace", path: "/data/x", value: "2" }], "2"],
        [PatchStrategy.MergePatch, { data: { x: "3" } }, "3"],
        [PatchStrategy.StrategicMergePatch, { data: { x: "4" } }, "4"],
    ]) {
        const got = await core.patchNamespacedConfigMap({ namespace, name: "p", body }, as(type));
        assert.equal(got.data.x, wanted);
    }
}

async function apply({ core, namespace }) {
    const map = (data) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "s" }, data });
    const put = (manager, data, force) =>
        core.patchNamespacedConfigMap(
            { namespace, name: "s", body: map(data), fieldManager: manager, force },
            as(APPLY),
        );
    await put("one", { x: "1", y: "1" });
    assert.equal((await refusal(put("two", { x: "2" }))).reason, "Conflict");
    await put("two", { x: "2" }, true);
    const left = await put("one", {});
    assert.deepEqual(left.data, { x: "2" });
    assert.deepEqual(left.metadata.managedFields.map((entry) => entry.manager).sort(), ["one", "two"]);
}

async function anyObject({ config, namespace }) {
    const api = KubernetesObjectApi.makeApiClient(config);
    const spec = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "any", namespace }, data: { x: "1" } };
    await api.create(spec);
    const read = await api.read(spec);
    assert.equal(read.data.x, "1");
    const patched = await api.patch({ ...spec, data: { x: "2" } }, undefined, undefined, "one", true, PatchStrategy.ServerSideApply);
    assert.equal(patched.data.x, "2");
    await api.delete(spec);
}

async function custom({ config, namespace }) {
    const api = config.makeApiClient(CustomObjectsApi);
    const at = { group: "shop.example.org", version: "v1", namespace, plural: "widgets" };
    const body = { apiVersion: "shop.example.org/v1", kind: "Widget", metadata: { name: "w" }, spec: { size: "small" } };
    const made = await api.createNamespacedCustomObject({ ...at, body });
    assert.equal(made.spec.colour, "grey");
    const bad = { ...body, metadata: { name: "bad" }, spec: { size: "huge" } };
    assert.equal((await refusal(api.createNamespacedCustomObject({ ...at, body: bad }))).reason, "Invalid");
    const merge = as(PatchStrategy.MergePatch);
    const patch = { ...at, name: "w", body: { status: { replicas: 2 } } };
    assert.equal((await api.patchNamespacedCustomObjectStatus(patch, merge)).status.replicas, 2);
    const scale = await api.patchNamespacedCustomObjectScale({ ...at, name: "w", body: { spec: { replicas: 3 } } }, merge);
    assert.deepEqual([scale.kind, scale.spec.replicas, scale.status.replicas], ["Scale", 3, 2]);
    const list = await api.listNamespacedCustomObject(at);
    assert.equal(list.items.length, 1);
    await api.deleteNamespacedCustomObject({ ...at, name: "w" });
}

async function watches({ core, config, namespace }) {
    const { metadata } = await core.listNamespacedConfigMap({ namespace });
    const seen = [];
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const query = { resourceVersion: metadata.resourceVersion, allowWatchBookmarks: true };
    await new Promise((resolve, reject) => {
        const take = (type, object) => {
            seen.push([type, object.metadata.name]);
            if (type === "DELETED")
                resolve();
        };
        new Watch(config).watch(path, query, take, reject).then(async (request) => {
            await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: "x" } } });
            const body = { data: { a: "1" } };
            await core.patchNamespacedConfigMap({ namespace, name: "x", body }, as(PatchStrategy.MergePatch));
            await core.deleteNamespacedConfigMap({ namespace, name: "x" });
            return request;
        }).catch(reject);
    });
    assert.deepEqual(seen, [["ADDED", "x"], ["MODIFIED", "x"], ["DELETED", "x"]]);
}

// Checks that need nobody else: each says its name when it went well.
export async function self(world) {
    const all = { ...world, core: world.config.makeApiClient(CoreV1Api) };
    for (const check of [crud, patches, apply, anyObject, custom, watches]) {
        await check(all);
        world.say({ ok: check.name });
    }
    process.exit(0); // the watch would hold it
}
