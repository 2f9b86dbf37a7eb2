// SPDX-License-Identifier: Apache-2.0
// Drives a Kubernetes API with @kubernetes/client-node: node main.js MODE KUBECONFIG NAMESPACE. Lines of its output are
// for test_kube_js.py; a failure is a sentence on its standard error and an exit code of 1.
import { KubeConfig } from "@kubernetes/client-node";

import { informer } from "./informer.js";
import { self } from "./self.js";

const modes = { self, informer };
const [mode, file, namespace] = process.argv.slice(2);

function say(value) {
    process.stdout.write(JSON.stringify(value) + "\n");
}

const config = new KubeConfig();
config.loadFromFile(file);
try {
    await modes[mode]({ config, namespace, say });
} catch (error) {
    process.stderr.write(`${error.stack}\n`);
    process.exit(1);
}
