// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"os"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Stands for election on the Lease "election" by the name of its first word, until its input ends; then it lets go.
func leader(w *world) error {
	name := w.words[0]
	ctx, cancel := context.WithCancel(w.ctx)
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		}
		cancel()
	}()
	lock := &resourcelock.LeaseLock{
		LeaseMeta:  meta.ObjectMeta{Namespace: w.namespace, Name: "election"},
		Client:     w.typed.CoordinationV1(),
		LockConfig: resourcelock.ResourceLockConfig{Identity: name},
	}
	leaderelection.RunOrDie(ctx, leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   3 * time.Second,
		RenewDeadline:   2 * time.Second,
		RetryPeriod:     300 * time.Millisecond,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { say(map[string]string{"leads": name}) },
			OnStoppedLeading: func() { say(map[string]string{"stopped": name}) },
			OnNewLeader:      func(who string) { say(map[string]string{"sees": who}) },
		},
	})
	return nil
}
