// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"os"
	"sync/atomic"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

type mirror struct {
	*world
	queue  workqueue.TypedRateLimitingInterface[string]
	lister listers.ConfigMapLister
	failed atomic.Int64
}

// A controller as they are written: each ConfigMap with the label mirror=yes has a Secret of its name that holds the
// same and belongs to it. Each line of the input is answered with how often it had to try again.
func controller(w *world) error {
	factory := informers.NewSharedInformerFactoryWithOptions(w.typed, 0, informers.WithNamespace(w.namespace),
		informers.WithTweakListOptions(func(options *meta.ListOptions) { options.LabelSelector = "mirror=yes" }))
	maps := factory.Core().V1().ConfigMaps()
	m := &mirror{world: w, lister: maps.Lister(),
		queue: workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())}
	enqueue := func(object any) {
		if key, err := cache.MetaNamespaceKeyFunc(object); err == nil {
			m.queue.Add(key)
		}
	}
	if _, err := maps.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: enqueue, UpdateFunc: func(_, object any) { enqueue(object) },
	}); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for range 3 {
		go m.work()
	}
	say(map[string]bool{"ready": true})
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		say(map[string]int64{"failed": m.failed.Load()})
	}
	m.queue.ShutDown()
	return nil
}

func (m *mirror) work() {
	for {
		key, shutdown := m.queue.Get()
		if shutdown {
			return
		}
		if err := m.reconcile(key); err != nil {
			m.failed.Add(1)
			m.queue.AddRateLimited(key)
		} else {
			m.queue.Forget(key)
		}
		m.queue.Done(key)
	}
}

func (m *mirror) reconcile(key string) error {
	_, name, err := cache.SplitMetaNamespaceKey(key)
	if err != nil {
		return err
	}
	source, err := m.lister.ConfigMaps(m.namespace).Get(name)
	if errors.IsNotFound(err) {
		return nil
	} else if err != nil {
		return err
	}
	secrets := m.typed.CoreV1().Secrets(m.namespace)
	owner := *meta.NewControllerRef(source, core.SchemeGroupVersion.WithKind("ConfigMap"))
	wanted := &core.Secret{ObjectMeta: meta.ObjectMeta{Name: name, OwnerReferences: []meta.OwnerReference{owner}}, StringData: source.Data}
	there, err := secrets.Get(m.ctx, name, meta.GetOptions{})
	if errors.IsNotFound(err) {
		_, err = secrets.Create(m.ctx, wanted, meta.CreateOptions{})
		return err
	} else if err != nil {
		return err
	}
	there.StringData = source.Data
	_, err = secrets.Update(m.ctx, there, meta.UpdateOptions{})
	return err
}
