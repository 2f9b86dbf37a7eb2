// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strconv"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

var franzOperations = map[string]func(ctx context.Context, admin *kadm.Client, a arguments) (any, error){
	"create":         franzCreate,
	"list":           franzList,
	"describe":       franzDescribe,
	"configs":        franzConfigs,
	"alter":          franzAlter,
	"partitions":     franzPartitions,
	"offsets":        franzOffsets,
	"delete-records": franzDeleteRecords,
	"delete":         franzDelete,
	"groups":         franzGroups,
	"group":          franzGroup,
	"group-offsets":  franzGroupOffsets,
	"set-offsets":    franzSetOffsets,
	"delete-offsets": franzDeleteOffsets,
	"delete-group":   franzDeleteGroup,
	"cluster":        franzCluster,
}

func franzAdmin(a arguments) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	client, err := kgo.NewClient(kgo.SeedBrokers(a.address))
	if err != nil {
		return err
	}
	defer client.Close()
	operation := a.shift()
	return showOutcome(franzOperations[operation](ctx, kadm.NewClient(client), a))
}

func franzCreate(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	configs := map[string]*string{}
	for name, value := range a.options {
		configs[name] = &value
	}
	answer, err := admin.CreateTopic(ctx, int32(mustNumber(a.word(1))), 1, configs, a.word(0))
	return answer.NumPartitions, err
}

func franzList(ctx context.Context, admin *kadm.Client, _ arguments) (any, error) {
	topics, err := admin.ListTopics(ctx)
	return topics.Names(), err
}

func franzDescribe(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	topics, err := admin.ListTopics(ctx, a.word(0))
	if err != nil {
		return nil, err
	}
	leaders := []int32{}
	for _, partition := range topics[a.word(0)].Partitions.Sorted() {
		leaders = append(leaders, partition.Leader)
	}
	return leaders, topics[a.word(0)].Err
}

func franzConfigs(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	resources, err := admin.DescribeTopicConfigs(ctx, a.word(0))
	if err != nil {
		return nil, err
	}
	configs := map[string]string{}
	for _, config := range resources[0].Configs {
		configs[config.Key] = config.MaybeValue()
	}
	return configs, resources[0].Err
}

func franzAlter(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	var changes []kadm.AlterConfig
	for name, value := range a.options {
		changes = append(changes, kadm.AlterConfig{Op: kadm.SetConfig, Name: name, Value: &value})
	}
	answers, err := admin.AlterTopicConfigs(ctx, changes, a.word(0))
	if err != nil {
		return nil, err
	}
	return nil, answers[0].Err
}

func franzPartitions(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	answers, err := admin.UpdatePartitions(ctx, int(mustNumber(a.word(1))), a.word(0))
	if err != nil {
		return nil, err
	}
	return nil, answers[a.word(0)].Err
}

// Without at=MS the first and the next offset of each partition, else the first one at or after that time.
func franzOffsets(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	found := map[string][]int64{}
	collect := func(listed kadm.ListedOffsets, err error) error {
		if err != nil {
			return err
		}
		listed.Each(func(o kadm.ListedOffset) {
			name := strconv.Itoa(int(o.Partition))
			found[name] = append(found[name], o.Offset)
		})
		return listed.Error()
	}
	if at := a.number("at", -1); at >= 0 {
		return found, collect(admin.ListOffsetsAfterMilli(ctx, at, a.word(0)))
	}
	if err := collect(admin.ListStartOffsets(ctx, a.word(0))); err != nil {
		return nil, err
	}
	return found, collect(admin.ListEndOffsets(ctx, a.word(0)))
}

func franzPlaces(a arguments, topic string) kadm.Offsets {
	places := kadm.Offsets{}
	for partition, offset := range a.offsets() {
		places.Add(kadm.Offset{Topic: topic, Partition: partition, At: offset, LeaderEpoch: -1})
	}
	return places
}

func franzDeleteRecords(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	answers, err := admin.DeleteRecords(ctx, franzPlaces(a, a.word(0)))
	if err != nil {
		return nil, err
	}
	return nil, answers.Error()
}

func franzDelete(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	_, err := admin.DeleteTopic(ctx, a.word(0))
	return nil, err
}

func franzGroups(ctx context.Context, admin *kadm.Client, _ arguments) (any, error) {
	groups, err := admin.ListGroups(ctx)
	return groups.Groups(), err
}

func franzGroup(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	groups, err := admin.DescribeGroups(ctx, a.word(0))
	if err != nil {
		return nil, err
	}
	group := groups[a.word(0)]
	found := description{State: group.State, Protocol: group.Protocol, Members: []memberDescription{}}
	for _, member := range group.Members {
		partitions := []int32{}
		if assignment, isConsumer := member.Assigned.AsConsumer(); isConsumer {
			for _, topic := range assignment.Topics {
				partitions = append(partitions, topic.Partitions...)
			}
		}
		instance := ""
		if member.InstanceID != nil {
			instance = *member.InstanceID
		}
		found.add(memberDescription{member.ClientHost, instance, partitions})
	}
	return found, group.Err
}

func franzGroupOffsets(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	offsets, err := admin.FetchOffsets(ctx, a.word(0))
	if err != nil {
		return nil, err
	}
	found := map[string]committed{}
	offsets.Each(func(o kadm.OffsetResponse) { found[strconv.Itoa(int(o.Partition))] = committed{o.At, o.Metadata} })
	return found, offsets.Error()
}

func franzSetOffsets(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	return nil, admin.CommitAllOffsets(ctx, a.word(0), franzPlaces(a, a.word(1)))
}

func franzDeleteOffsets(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	places := kadm.TopicsSet{}
	places.Add(a.word(1), int32(mustNumber(a.word(2))))
	answers, err := admin.DeleteOffsets(ctx, a.word(0), places)
	if err != nil {
		return nil, err
	}
	return nil, answers.Error()
}

func franzDeleteGroup(ctx context.Context, admin *kadm.Client, a arguments) (any, error) {
	answer, err := admin.DeleteGroup(ctx, a.word(0))
	if err != nil {
		return nil, err
	}
	return nil, answer.Err
}

func franzCluster(ctx context.Context, admin *kadm.Client, _ arguments) (any, error) {
	cluster, err := admin.BrokerMetadata(ctx)
	if err != nil {
		return nil, err
	}
	brokers := []int32{}
	for _, broker := range cluster.Brokers {
		brokers = append(brokers, broker.NodeID)
	}
	return map[string]any{"brokers": brokers, "controller": cluster.Controller}, nil
}
