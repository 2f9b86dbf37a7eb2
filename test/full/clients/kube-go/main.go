// SPDX-License-Identifier: Apache-2.0

// Command kube-go drives a Kubernetes API with client-go: kube-go MODE KUBECONFIG NAMESPACE [WORD...].
// Lines of its output are for test_kube_go.py; a failure is a sentence on its standard error and an exit code of 1.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var widgets = schema.GroupVersionResource{Group: "shop.example.org", Version: "v1", Resource: "widgets"}

type world struct {
	ctx       context.Context
	config    *rest.Config
	typed     kubernetes.Interface
	dynamic   dynamic.Interface
	namespace string
	words     []string
}

var modes = map[string]func(w *world) error{
	"self":       self,
	"informer":   informer,
	"leader":     leader,
	"controller": controller,
}

func say(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func open(kubeconfig, namespace string, words []string) (*world, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1 // what is slow is the server
	if len(words) > 0 && words[0] == "protobuf" {
		words = words[1:]
		config.ContentType = "application/vnd.kubernetes.protobuf"
		config.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	}
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	untyped, err := dynamic.NewForConfig(config)
	return &world{context.Background(), config, typed, untyped, namespace, words}, err
}

func main() {
	if len(os.Args) < 4 || modes[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: kube-go MODE KUBECONFIG NAMESPACE [WORD...]")
		os.Exit(2)
	}
	w, err := open(os.Args[2], os.Args[3], os.Args[4:])
	if err == nil {
		err = modes[os.Args[1]](w)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
