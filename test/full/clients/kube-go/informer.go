// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/tools/cache"
)

// What an informer told its handlers, and whether it told them what cannot be.
type told struct {
	mutex                 sync.Mutex
	Added, Changed, Ended int
	Wrong                 []string
	known                 map[string]string // uid by name
}

func (t *told) take(kind string, object any) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if unknown, is := object.(cache.DeletedFinalStateUnknown); is {
		object = unknown.Obj
	}
	one := object.(meta.Object)
	uid, has := t.known[one.GetName()]
	switch kind {
	case "add":
		t.Added++
		t.known[one.GetName()] = string(one.GetUID())
	case "update":
		t.Changed++
		t.known[one.GetName()] = string(one.GetUID())
	case "delete":
		t.Ended++
		delete(t.known, one.GetName())
	}
	if has != (kind != "add") || (kind == "delete" && uid != string(one.GetUID())) {
		t.Wrong = append(t.Wrong, fmt.Sprintf("%s of %s", kind, one.GetName()))
	}
}

func follow(informer cache.SharedIndexInformer) (*told, error) {
	t := &told{Wrong: []string{}, known: map[string]string{}}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { t.take("add", object) },
		UpdateFunc: func(_, object any) { t.take("update", object) },
		DeleteFunc: func(object any) { t.take("delete", object) },
	})
	return t, err
}

func versions(informer cache.SharedIndexInformer) map[string]string {
	all := map[string]string{}
	for _, object := range informer.GetStore().List() {
		all[object.(meta.Object).GetName()] = object.(meta.Object).GetResourceVersion()
	}
	return all
}

// Keeps two informers, of ConfigMaps and of Widgets. Each line of the input is answered with what they hold.
func informer(w *world) error {
	typed := informers.NewSharedInformerFactoryWithOptions(w.typed, 0, informers.WithNamespace(w.namespace))
	untyped := dynamicinformer.NewFilteredDynamicSharedInformerFactory(w.dynamic, 0, w.namespace, nil)
	both := map[string]cache.SharedIndexInformer{
		"configmaps": typed.Core().V1().ConfigMaps().Informer(),
		"widgets":    untyped.ForResource(widgets).Informer(),
	}
	events := map[string]*told{}
	for name, informer := range both {
		var err error
		if events[name], err = follow(informer); err != nil {
			return err
		}
	}
	stop := make(chan struct{})
	defer close(stop)
	typed.Start(stop)
	untyped.Start(stop)
	typed.WaitForCacheSync(stop)
	untyped.WaitForCacheSync(stop)
	say(map[string]bool{"ready": true})
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		answer := map[string]any{}
		for name, informer := range both {
			events[name].mutex.Lock()
			answer[name] = map[string]any{
				"holds": versions(informer), "version": informer.LastSyncResourceVersion(), "added": events[name].Added,
				"changed": events[name].Changed, "ended": events[name].Ended, "wrong": events[name].Wrong,
			}
			events[name].mutex.Unlock()
		}
		say(answer)
	}
	return nil
}
