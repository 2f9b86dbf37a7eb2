// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	apply "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/util/retry"
)

// Checks that need nobody else: each prints its name when it went well.
func self(w *world) error {
	checks := []struct {
		name string
		run  func(w *world) error
	}{
		{"crud", crud},
		{"errors", refusals},
		{"conflict", conflict},
		{"patches", patches},
		{"apply", applies},
		{"pages", pages},
		{"collection", collection},
		{"dynamic", untyped},
	}
	for _, check := range checks {
		if err := check.run(w); err != nil {
			return fmt.Errorf("%s: %w", check.name, err)
		}
		say(map[string]string{"ok": check.name})
	}
	return nil
}

func configMap(name string, data map[string]string) *core.ConfigMap {
	return &core.ConfigMap{ObjectMeta: meta.ObjectMeta{Name: name, Labels: map[string]string{"app": name}}, Data: data}
}

func wrong(what string, got any) error {
	return fmt.Errorf("%s: %+v", what, got)
}

func crud(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps(w.namespace)
	made, err := maps.Create(w.ctx, configMap("a", map[string]string{"x": "1"}), meta.CreateOptions{})
	if err != nil {
		return err
	}
	if made.UID == "" || made.ResourceVersion == "" || made.CreationTimestamp.IsZero() {
		return wrong("what was made", made)
	}
	made.Data["x"] = "2"
	made.BinaryData = map[string][]byte{"b": {0, 255, 1}}
	changed, err := maps.Update(w.ctx, made, meta.UpdateOptions{})
	if err != nil {
		return err
	}
	got, err := maps.Get(w.ctx, "a", meta.GetOptions{})
	if err != nil {
		return err
	}
	if got.Data["x"] != "2" || string(got.BinaryData["b"]) != "\x00\xff\x01" || got.ResourceVersion != changed.ResourceVersion {
		return wrong("what was changed", got)
	}
	list, err := maps.List(w.ctx, meta.ListOptions{LabelSelector: "app in (a, b)", FieldSelector: "metadata.name=a"})
	if err != nil {
		return err
	}
	if len(list.Items) != 1 || list.Items[0].UID != made.UID {
		return wrong("a list", list.Items)
	}
	if err := maps.Delete(w.ctx, "a", meta.DeleteOptions{Preconditions: &meta.Preconditions{UID: &made.UID}}); err != nil {
		return err
	}
	if _, err := maps.Get(w.ctx, "a", meta.GetOptions{}); !errors.IsNotFound(err) {
		return wrong("what was deleted", err)
	}
	return nil
}

func refusals(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps(w.namespace)
	if _, err := maps.Create(w.ctx, configMap("e", nil), meta.CreateOptions{}); err != nil {
		return err
	}
	if _, err := maps.Create(w.ctx, configMap("e", nil), meta.CreateOptions{}); !errors.IsAlreadyExists(err) {
		return wrong("made twice", err)
	}
	if _, err := maps.Create(w.ctx, configMap("E e", nil), meta.CreateOptions{}); !errors.IsInvalid(err) {
		return wrong("a bad name", err)
	}
	if _, err := w.typed.CoreV1().ConfigMaps("nowhere").Create(w.ctx, configMap("e", nil), meta.CreateOptions{}); !errors.IsNotFound(err) {
		return wrong("no namespace", err)
	}
	uid := types.UID("another")
	if err := maps.Delete(w.ctx, "e", meta.DeleteOptions{Preconditions: &meta.Preconditions{UID: &uid}}); !errors.IsConflict(err) {
		return wrong("another uid", err)
	}
	if _, err := maps.Create(w.ctx, configMap("dry", nil), meta.CreateOptions{DryRun: []string{meta.DryRunAll}}); err != nil {
		return err
	}
	if _, err := maps.Get(w.ctx, "dry", meta.GetOptions{}); !errors.IsNotFound(err) {
		return wrong("a dry run", err)
	}
	return nil
}

func conflict(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps(w.namespace)
	old, err := maps.Create(w.ctx, configMap("c", map[string]string{"n": ""}), meta.CreateOptions{})
	if err != nil {
		return err
	}
	done := make(chan error)
	for range 8 { // each has to come through by trying again
		go func() {
			done <- retry.OnError(retry.DefaultBackoff, errors.IsConflict, func() error {
				now, err := maps.Get(w.ctx, "c", meta.GetOptions{})
				if err == nil {
					now.Data["n"] += "x"
					_, err = maps.Update(w.ctx, now, meta.UpdateOptions{})
				}
				return err
			})
		}()
	}
	through := 0
	for range 8 {
		if err := <-done; err == nil {
			through++
		} else if !errors.IsConflict(err) {
			return err
		}
	}
	now, err := maps.Get(w.ctx, "c", meta.GetOptions{})
	if err != nil {
		return err
	}
	if len(now.Data["n"]) != through || through == 0 {
		return wrong("of those who came through some are lost", now.Data)
	}
	if _, err := maps.Update(w.ctx, old, meta.UpdateOptions{}); !errors.IsConflict(err) {
		return wrong("an old version", err)
	}
	return nil
}

func patches(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps(w.namespace)
	if _, err := maps.Create(w.ctx, configMap("p", map[string]string{"x": "1"}), meta.CreateOptions{}); err != nil {
		return err
	}
	for _, patch := range []struct {
		kind types.PatchType
		text string
		want string
	}{
		{types.JSONPatchType, `[{"op":"test","path":"/data/x","value":"1"},{"op":"replace","path":"/data/x","value":"2"}]`, "2"},
		{types.MergePatchType, `{"data":{"x":"3"}}`, "3"},
		{types.StrategicMergePatchType, `{"data":{"x":"4"},"metadata":{"finalizers":["x.io/a"]}}`, "4"},
		{types.StrategicMergePatchType, `{"metadata":{"$deleteFromPrimitiveList/finalizers":["x.io/a"]}}`, "4"},
		{types.MergePatchType, `{"data":{"x":null}}`, ""},
	} {
		got, err := maps.Patch(w.ctx, "p", patch.kind, []byte(patch.text), meta.PatchOptions{})
		if err != nil {
			return fmt.Errorf("%s: %w", patch.text, err)
		}
		if got.Data["x"] != patch.want {
			return wrong(patch.text, got)
		}
	}
	got, err := maps.Get(w.ctx, "p", meta.GetOptions{})
	if err != nil || len(got.Finalizers) != 0 {
		return wrong("finalizers", got)
	}
	if _, err = maps.Patch(w.ctx, "p", types.JSONPatchType, []byte(`[{"op":"test","path":"/data/x","value":"9"}]`), meta.PatchOptions{}); err == nil {
		return wrong("a test that fails", err)
	}
	return nil
}

func applies(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps(w.namespace)
	one := apply.ConfigMap("s", w.namespace).WithData(map[string]string{"x": "1", "y": "1"})
	if _, err := maps.Apply(w.ctx, one, meta.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	two := apply.ConfigMap("s", w.namespace).WithData(map[string]string{"x": "2"})
	if _, err := maps.Apply(w.ctx, two, meta.ApplyOptions{FieldManager: "two"}); !errors.IsConflict(err) {
		return wrong("a field of another manager", err)
	}
	got, err := maps.Apply(w.ctx, two, meta.ApplyOptions{FieldManager: "two", Force: true})
	if err != nil {
		return err
	}
	extracted, err := apply.ExtractConfigMap(got, "one")
	if err != nil || len(extracted.Data) != 1 || extracted.Data["y"] != "1" {
		return wrong("what is left of the first manager", extracted)
	}
	got, err = maps.Apply(w.ctx, apply.ConfigMap("s", w.namespace), meta.ApplyOptions{FieldManager: "one"})
	if err != nil {
		return err
	}
	if _, has := got.Data["y"]; has || got.Data["x"] != "2" {
		return wrong("what nobody applies any more", got.Data)
	}
	return nil
}

func pages(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps(w.namespace)
	for i := range 7 {
		made := configMap(fmt.Sprintf("page-%d", i), nil)
		made.Labels = map[string]string{"pages": "yes"}
		if _, err := maps.Create(w.ctx, made, meta.CreateOptions{}); err != nil {
			return err
		}
	}
	options := meta.ListOptions{LabelSelector: "pages=yes", Limit: 3}
	seen, version := 0, ""
	for {
		list, err := maps.List(w.ctx, options)
		if err != nil {
			return err
		}
		if version != "" && list.ResourceVersion != version {
			return wrong("pages of two versions", list.ResourceVersion)
		}
		version = list.ResourceVersion
		seen += len(list.Items)
		options.Continue = list.Continue
		if list.Continue == "" {
			break
		}
		if _, err := maps.Create(w.ctx, configMap(fmt.Sprintf("page-0-%d", seen), nil), meta.CreateOptions{}); err != nil {
			return err
		}
	}
	if seen != 7 {
		return wrong("objects on all pages", seen)
	}
	return nil
}

func collection(w *world) error {
	maps := w.typed.CoreV1().ConfigMaps(w.namespace)
	before, err := maps.List(w.ctx, meta.ListOptions{})
	if err != nil {
		return err
	}
	if err := maps.DeleteCollection(w.ctx, meta.DeleteOptions{}, meta.ListOptions{LabelSelector: "pages=yes"}); err != nil {
		return err
	}
	after, err := maps.List(w.ctx, meta.ListOptions{})
	if err != nil || len(after.Items) != len(before.Items)-7 {
		return wrong("what is left", len(after.Items))
	}
	return nil
}

func widget(name string, replicas int64) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "shop.example.org/v1", "kind": "Widget", "metadata": map[string]any{"name": name},
		"spec": map[string]any{"size": "small", "replicas": replicas},
	}}
}

func untyped(w *world) error {
	api := w.dynamic.Resource(widgets).Namespace(w.namespace)
	made, err := api.Create(w.ctx, widget("w", 2), meta.CreateOptions{})
	if err != nil {
		return err
	}
	if colour, _, _ := unstructured.NestedString(made.Object, "spec", "colour"); colour != "grey" {
		return wrong("a default", made.Object)
	}
	if _, err := api.Create(w.ctx, widget("v", 10), meta.CreateOptions{}); !errors.IsInvalid(err) {
		return wrong("more than the schema allows", err)
	}
	_ = unstructured.SetNestedField(made.Object, int64(1), "status", "replicas")
	if _, err := api.UpdateStatus(w.ctx, made, meta.UpdateOptions{}); err != nil {
		return err
	}
	scale, err := api.Patch(w.ctx, "w", types.MergePatchType, []byte(`{"spec":{"replicas":5}}`), meta.PatchOptions{}, "scale")
	if err != nil {
		return err
	}
	if n, _, _ := unstructured.NestedInt64(scale.Object, "status", "replicas"); scale.GetKind() != "Scale" || n != 1 {
		return wrong("a scale", scale.Object)
	}
	got, err := api.Apply(w.ctx, "w", widget("w", 6), meta.ApplyOptions{FieldManager: "one", Force: true})
	if err != nil {
		return err
	}
	if n, _, _ := unstructured.NestedInt64(got.Object, "spec", "replicas"); n != 6 {
		return wrong("what was applied", got.Object)
	}
	return api.Delete(w.ctx, "w", meta.DeleteOptions{})
}
