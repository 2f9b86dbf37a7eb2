// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
)

var saramaCodecs = map[string]sarama.CompressionCodec{
	"none":   sarama.CompressionNone,
	"gzip":   sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy,
	"lz4":    sarama.CompressionLZ4,
	"zstd":   sarama.CompressionZSTD,
}

var saramaAcks = map[string]sarama.RequiredAcks{"all": sarama.WaitForAll, "1": sarama.WaitForLocal, "0": sarama.NoResponse}

// saramaConfig speaks the newest versions that the library knows, or with version=default those that it speaks untold.
func saramaConfig(a arguments) *sarama.Config {
	config := sarama.NewConfig()
	if a.option("version", "newest") == "newest" {
		config.Version = sarama.MaxVersion
	}
	return config
}

func saramaProduce(a arguments) error {
	records, err := readRecords()
	if err != nil {
		return err
	}
	dialer := &losingDialer{which: a.number("lose", 0)}
	config := saramaConfig(a)
	config.Net.Proxy.Enable, config.Net.Proxy.Dialer = true, dialer
	config.Producer.Return.Successes = true
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Compression = saramaCodecs[a.option("codec", "none")]
	config.Producer.RequiredAcks = saramaAcks[a.option("acks", "all")]
	config.Producer.Flush.Bytes = int(a.number("batch", 1<<20)) / 2
	config.Producer.Flush.Frequency = 10 * time.Millisecond
	if a.option("idempotent", "yes") == "yes" {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	producer, err := sarama.NewSyncProducer([]string{a.address}, config)
	if err != nil {
		return err
	}
	defer producer.Close()
	sent := make([]*sarama.ProducerMessage, len(records))
	for i, r := range records {
		sent[i] = saramaMessage(a.word(0), r)
	}
	if err := producer.SendMessages(sent); err != nil {
		return err
	}
	for _, message := range sent {
		show(map[string]any{"partition": message.Partition, "offset": message.Offset})
	}
	return dialer.check()
}

func saramaMessage(topic string, r record) *sarama.ProducerMessage {
	message := &sarama.ProducerMessage{Topic: topic, Partition: r.Partition}
	if r.Key != nil {
		message.Key = sarama.StringEncoder(*r.Key)
	}
	if r.Value != nil {
		message.Value = sarama.StringEncoder(*r.Value)
	}
	if r.Timestamp > 0 {
		message.Timestamp = time.UnixMilli(r.Timestamp)
	}
	for _, header := range r.Headers {
		message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(header[0]), Value: []byte(header[1])})
	}
	return message
}

func saramaRecord(m *sarama.ConsumerMessage) record {
	headers := [][2]string{}
	for _, header := range m.Headers {
		headers = append(headers, [2]string{string(header.Key), string(header.Value)})
	}
	return record{m.Partition, m.Offset, m.Timestamp.UnixMilli(), text(m.Key), text(m.Value), headers}
}

func saramaOffset(client sarama.Client, topic string, partition int32, position string) (int64, error) {
	switch kind, moment, _ := strings.Cut(position, ":"); kind {
	case "earliest":
		return sarama.OffsetOldest, nil
	case "latest":
		return sarama.OffsetNewest, nil
	case "time":
		return client.GetOffset(topic, partition, mustNumber(moment))
	default:
		return mustNumber(position), nil
	}
}

func saramaConsume(a arguments) error {
	topic, partition := a.word(0), int32(a.number("partition", 0))
	client, err := sarama.NewClient([]string{a.address}, saramaConfig(a))
	if err != nil {
		return err
	}
	defer client.Close()
	consumer, err := sarama.NewConsumerFromClient(client)
	if err != nil {
		return err
	}
	defer consumer.Close()
	for _, position := range strings.Split(a.option("from", "earliest"), ",") {
		offset, err := saramaOffset(client, topic, partition, position)
		if err != nil {
			return err
		}
		if err := saramaReadFrom(consumer, topic, partition, offset, int(a.number("count", 1))); err != nil {
			return fmt.Errorf("from %s: %w", position, err)
		}
	}
	return nil
}

func saramaReadFrom(consumer sarama.Consumer, topic string, partition int32, offset int64, count int) error {
	source, err := consumer.ConsumePartition(topic, partition, offset)
	if err != nil {
		return err
	}
	defer source.Close()
	deadline := time.After(patience)
	for left := count; left > 0; left-- {
		select {
		case message := <-source.Messages():
			show(saramaRecord(message))
		case <-deadline:
			return fmt.Errorf("%d records did not come", left)
		}
	}
	return nil
}

var saramaStrategies = map[string]func() sarama.BalanceStrategy{
	"range":      sarama.NewBalanceStrategyRange,
	"roundrobin": sarama.NewBalanceStrategyRoundRobin,
	"sticky":     sarama.NewBalanceStrategySticky,
}

func saramaMember(a arguments) error {
	config := saramaConfig(a)
	config.Consumer.Return.Errors = true
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = a.option("commit", "auto") == "auto"
	config.Consumer.Offsets.AutoCommit.Interval = 200 * time.Millisecond
	config.Consumer.Group.Session.Timeout = time.Duration(a.number("session", 6000)) * time.Millisecond
	config.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	config.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{saramaStrategies[a.option("protocol", "range")]()}
	config.Consumer.Group.InstanceId = a.option("instance", "")
	config.Metadata.RefreshFrequency = 2 * time.Second
	group, err := sarama.NewConsumerGroup([]string{a.address}, a.option("group", ""), config)
	if err != nil {
		return err
	}
	go func() {
		for err := range group.Errors() {
			showError(err)
		}
	}()
	member := &saramaHandler{topic: a.word(0), byHand: !config.Consumer.Offsets.AutoCommit.Enable, next: map[int32]int64{}}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			if err := group.Consume(ctx, []string{member.topic}, member); err != nil {
				showError(err)
				time.Sleep(100 * time.Millisecond)
			}
		}
	}()
	err = commands(member.command)
	stop()
	<-done
	return errors.Join(err, group.Close()) // leaves the group
}

// A member's side of the group: the library calls Setup, ConsumeClaim for each partition, and Cleanup, for each generation.
type saramaHandler struct {
	topic   string
	byHand  bool
	session atomic.Pointer[sarama.ConsumerGroupSession]
	lock    sync.Mutex
	next    map[int32]int64 // the offset after what was read of each partition
}

func (h *saramaHandler) Setup(session sarama.ConsumerGroupSession) error {
	h.session.Store(&session)
	owned := session.Claims()[h.topic]
	showOwned(owned, owned, nil)
	return nil
}

func (h *saramaHandler) Cleanup(session sarama.ConsumerGroupSession) error {
	showOwned(nil, nil, session.Claims()[h.topic])
	return nil
}

func (h *saramaHandler) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		show(saramaRecord(message))
		h.lock.Lock()
		h.next[message.Partition] = message.Offset + 1
		h.lock.Unlock()
		if !h.byHand {
			session.MarkMessage(message, "")
		}
	}
	return nil
}

// command does what a test tells a member while it runs. Sarama's members cannot seek.
func (h *saramaHandler) command(words []string) error {
	session := h.session.Load()
	switch {
	case session == nil:
		return errors.New("this member is in no group yet")
	case words[0] == "commit" && len(words) == 1:
		h.lock.Lock()
		for partition, offset := range h.next {
			(*session).MarkOffset(h.topic, partition, offset, "")
		}
		h.lock.Unlock()
		(*session).Commit()
	case words[0] == "commit": // PARTITION OFFSET METADATA
		(*session).MarkOffset(h.topic, int32(mustNumber(words[1])), mustNumber(words[2]), words[3])
		(*session).Commit()
	default:
		return errors.New("a member does not know this command")
	}
	show(map[string]any{"done": words[0]})
	return nil
}
