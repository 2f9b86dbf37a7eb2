// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

var franzCodecs = map[string]kgo.CompressionCodec{
	"none":   kgo.NoCompression(),
	"gzip":   kgo.GzipCompression(),
	"snappy": kgo.SnappyCompression(),
	"lz4":    kgo.Lz4Compression(),
	"zstd":   kgo.ZstdCompression(),
}

var franzAcks = map[string]kgo.Acks{"all": kgo.AllISRAcks(), "1": kgo.LeaderAck(), "0": kgo.NoAck()}

func franzProduce(a arguments) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	records, err := readRecords()
	if err != nil {
		return err
	}
	dialer := &losingDialer{which: a.number("lose", 0)}
	settings := []kgo.Opt{
		kgo.SeedBrokers(a.address),
		kgo.DefaultProduceTopic(a.word(0)),
		kgo.AllowAutoTopicCreation(),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(franzCodecs[a.option("codec", "none")]),
		kgo.ProducerBatchMaxBytes(int32(a.number("batch", 1<<20))),
		kgo.RequiredAcks(franzAcks[a.option("acks", "all")]),
		kgo.Dialer(dialer.DialContext),
	}
	if a.option("idempotent", "yes") == "no" {
		settings = append(settings, kgo.DisableIdempotentWrite())
	}
	client, err := kgo.NewClient(settings...)
	if err != nil {
		return err
	}
	defer client.Close()
	sent := make([]*kgo.Record, len(records))
	for i, r := range records {
		sent[i] = &kgo.Record{Partition: r.Partition, Key: data(r.Key), Value: data(r.Value)}
		if r.Timestamp > 0 {
			sent[i].Timestamp = time.UnixMilli(r.Timestamp)
		}
		for _, header := range r.Headers {
			sent[i].Headers = append(sent[i].Headers, kgo.RecordHeader{Key: header[0], Value: []byte(header[1])})
		}
	}
	if err := client.ProduceSync(ctx, sent...).FirstErr(); err != nil {
		return err
	}
	for _, r := range sent {
		show(map[string]any{"partition": r.Partition, "offset": r.Offset})
	}
	return dialer.check()
}

func franzRecord(r *kgo.Record) record {
	headers := [][2]string{}
	for _, header := range r.Headers {
		headers = append(headers, [2]string{header.Key, string(header.Value)})
	}
	return record{r.Partition, r.Offset, r.Timestamp.UnixMilli(), text(r.Key), text(r.Value), headers}
}

func franzOffset(position string) kgo.Offset {
	switch kind, moment, _ := strings.Cut(position, ":"); kind {
	case "earliest":
		return kgo.NewOffset().AtStart()
	case "latest":
		return kgo.NewOffset().AtEnd()
	case "time":
		return kgo.NewOffset().AfterMilli(mustNumber(moment))
	default:
		return kgo.NewOffset().At(mustNumber(position))
	}
}

func franzConsume(a arguments) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	topic, partition := a.word(0), int32(a.number("partition", 0))
	client, err := kgo.NewClient(kgo.SeedBrokers(a.address))
	if err != nil {
		return err
	}
	defer client.Close()
	for _, position := range strings.Split(a.option("from", "earliest"), ",") {
		client.RemoveConsumePartitions(map[string][]int32{topic: {partition}})
		client.AddConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: franzOffset(position)}})
		for left := int(a.number("count", 1)); left > 0; {
			fetches := client.PollRecords(ctx, left)
			if err := fetches.Err(); err != nil {
				return fmt.Errorf("%d records from %s did not come: %w", left, position, err)
			}
			fetches.EachRecord(func(r *kgo.Record) { show(franzRecord(r)) })
			left -= fetches.NumRecords()
		}
	}
	return nil
}

var franzBalancers = map[string]kgo.GroupBalancer{
	"range":              kgo.RangeBalancer(),
	"roundrobin":         kgo.RoundRobinBalancer(),
	"sticky":             kgo.StickyBalancer(),
	"cooperative-sticky": kgo.CooperativeStickyBalancer(),
}

// What a member of a group owns; the client tells only what changes.
type ownership struct {
	sync.Mutex
	partitions []int32
}

func (o *ownership) change(assigned, revoked []int32) {
	o.Lock()
	defer o.Unlock()
	o.partitions = slices.DeleteFunc(o.partitions, func(p int32) bool { return slices.Contains(revoked, p) })
	o.partitions = append(o.partitions, assigned...)
	slices.Sort(o.partitions)
	showOwned(o.partitions, assigned, revoked)
}

func franzMember(a arguments) error {
	topic, owned := a.word(0), &ownership{}
	lost := func(_ context.Context, _ *kgo.Client, revoked map[string][]int32) { owned.change(nil, revoked[topic]) }
	settings := []kgo.Opt{
		kgo.SeedBrokers(a.address),
		kgo.ConsumerGroup(a.option("group", "")),
		kgo.ConsumeTopics(topic),
		kgo.ConsumeStartOffset(kgo.NewOffset().AtStart()),
		kgo.Balancers(franzBalancers[a.option("protocol", "cooperative-sticky")]),
		kgo.SessionTimeout(time.Duration(a.number("session", 6000)) * time.Millisecond),
		kgo.HeartbeatInterval(300 * time.Millisecond),
		kgo.AutoCommitInterval(200 * time.Millisecond),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, assigned map[string][]int32) {
			owned.change(assigned[topic], nil)
		}),
		kgo.OnPartitionsRevoked(lost),
		kgo.OnPartitionsLost(lost),
	}
	if a.option("commit", "auto") == "hand" {
		settings = append(settings, kgo.DisableAutoCommit())
	}
	if instance := a.option("instance", ""); instance != "" {
		settings = append(settings, kgo.InstanceID(instance))
	}
	client, err := kgo.NewClient(settings...)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		franzPoll(ctx, client)
	}()
	err = commands(func(words []string) error { return franzCommand(client, topic, words) })
	stop()
	<-done
	client.Close() // commits what is left if commits are automatic, and leaves the group
	return err
}

func franzPoll(ctx context.Context, client *kgo.Client) {
	for ctx.Err() == nil {
		fetches := client.PollFetches(ctx)
		fetches.EachRecord(func(r *kgo.Record) { show(franzRecord(r)) })
		fetches.EachError(func(_ string, _ int32, err error) {
			if !errors.Is(err, context.Canceled) {
				showError(err)
			}
		})
	}
}

// What a test tells a member while it runs.
func franzCommand(client *kgo.Client, topic string, words []string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	switch {
	case words[0] == "commit" && len(words) == 1:
		if err := client.CommitUncommittedOffsets(ctx); err != nil {
			return err
		}
	case words[0] == "commit": // PARTITION OFFSET METADATA
		partition, offset := int32(mustNumber(words[1])), mustNumber(words[2])
		ctx = kgo.PreCommitFnContext(ctx, func(request *kmsg.OffsetCommitRequest) error {
			request.Topics[0].Partitions[0].Metadata = &words[3]
			return nil
		})
		if err := franzCommit(ctx, client, topic, partition, offset); err != nil {
			return err
		}
	case words[0] == "seek": // PARTITION OFFSET
		place := map[int32]kgo.EpochOffset{int32(mustNumber(words[1])): {Epoch: -1, Offset: mustNumber(words[2])}}
		client.SetOffsets(map[string]map[int32]kgo.EpochOffset{topic: place})
	default:
		return errors.New("a member does not know this command")
	}
	show(map[string]any{"done": words[0]})
	return nil
}

func franzCommit(ctx context.Context, client *kgo.Client, topic string, partition int32, offset int64) error {
	var failure error
	offsets := map[string]map[int32]kgo.EpochOffset{topic: {partition: {Epoch: -1, Offset: offset}}}
	client.CommitOffsetsSync(ctx, offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
		failure = err
		if err == nil {
			failure = kerr.ErrorForCode(answer.Topics[0].Partitions[0].ErrorCode)
		}
	})
	return failure
}
