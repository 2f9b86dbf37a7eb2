// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	"github.com/IBM/sarama"
)

var saramaOperations = map[string]func(admin sarama.ClusterAdmin, a arguments) (any, error){
	"create":         saramaCreate,
	"list":           saramaList,
	"describe":       saramaDescribe,
	"configs":        saramaConfigs,
	"alter":          saramaAlter,
	"partitions":     saramaPartitions,
	"offsets":        saramaOffsets,
	"delete-records": saramaDeleteRecords,
	"delete":         saramaDelete,
	"groups":         saramaGroups,
	"group":          saramaGroup,
	"group-offsets":  saramaGroupOffsets,
	"set-offsets":    saramaSetOffsets,
	"delete-offsets": saramaDeleteOffsets,
	"delete-group":   saramaDeleteGroup,
	"cluster":        saramaCluster,
}

func saramaAdmin(a arguments) error {
	config := saramaConfig(a)
	delete(a.options, "version") // the rest belongs to the operation
	admin, err := sarama.NewClusterAdmin([]string{a.address}, config)
	if err != nil {
		return err
	}
	defer admin.Close()
	operation := a.shift()
	return showOutcome(saramaOperations[operation](admin, a))
}

func saramaCreate(admin sarama.ClusterAdmin, a arguments) (any, error) {
	partitions := int32(mustNumber(a.word(1)))
	detail := &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1, ConfigEntries: map[string]*string{}}
	for name, value := range a.options {
		detail.ConfigEntries[name] = &value
	}
	return partitions, admin.CreateTopic(a.word(0), detail, false)
}

func saramaList(admin sarama.ClusterAdmin, _ arguments) (any, error) {
	topics, err := admin.ListTopics()
	return slices.Sorted(maps.Keys(topics)), err
}

// saramaPartitionsOf returns the topic's partitions in their order.
func saramaPartitionsOf(admin sarama.ClusterAdmin, topic string) ([]*sarama.PartitionMetadata, error) {
	topics, err := admin.DescribeTopics([]string{topic})
	if err != nil {
		return nil, err
	}
	if topics[0].Err != sarama.ErrNoError {
		return nil, topics[0].Err
	}
	slices.SortFunc(topics[0].Partitions, func(a, b *sarama.PartitionMetadata) int { return int(a.ID - b.ID) })
	return topics[0].Partitions, nil
}

func saramaDescribe(admin sarama.ClusterAdmin, a arguments) (any, error) {
	partitions, err := saramaPartitionsOf(admin, a.word(0))
	leaders := []int32{}
	for _, partition := range partitions {
		leaders = append(leaders, partition.Leader)
	}
	return leaders, err
}

func saramaConfigs(admin sarama.ClusterAdmin, a arguments) (any, error) {
	entries, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: a.word(0)})
	configs := map[string]string{}
	for _, entry := range entries {
		configs[entry.Name] = entry.Value
	}
	return configs, err
}

func saramaAlter(admin sarama.ClusterAdmin, a arguments) (any, error) {
	changes := map[string]sarama.IncrementalAlterConfigsEntry{}
	for name, value := range a.options {
		changes[name] = sarama.IncrementalAlterConfigsEntry{Operation: sarama.IncrementalAlterConfigsOperationSet, Value: &value}
	}
	return nil, admin.IncrementalAlterConfig(sarama.TopicResource, a.word(0), changes, false)
}

func saramaPartitions(admin sarama.ClusterAdmin, a arguments) (any, error) {
	return nil, admin.CreatePartitions(a.word(0), int32(mustNumber(a.word(1))), nil, false)
}

// Without at=MS the first and the next offset of each partition, else the first one at or after that time.
func saramaOffsets(admin sarama.ClusterAdmin, a arguments) (any, error) {
	partitions, err := saramaPartitionsOf(admin, a.word(0))
	if err != nil {
		return nil, err
	}
	moments := []int64{sarama.OffsetOldest, sarama.OffsetNewest}
	if at := a.number("at", -1); at >= 0 {
		moments = []int64{at}
	}
	found := map[string][]int64{}
	for _, moment := range moments {
		wanted := map[int32]int64{}
		for _, partition := range partitions {
			wanted[partition.ID] = moment
		}
		listed, err := admin.ListOffsets(map[string]map[int32]int64{a.word(0): wanted}, nil)
		if err != nil {
			return nil, err
		}
		for partition, result := range listed[a.word(0)] {
			if !errors.Is(result.Err, sarama.ErrNoError) {
				return nil, result.Err
			}
			name := strconv.Itoa(int(partition))
			found[name] = append(found[name], result.Offset)
		}
	}
	return found, nil
}

func saramaDeleteRecords(admin sarama.ClusterAdmin, a arguments) (any, error) {
	return nil, admin.DeleteRecords(a.word(0), a.offsets())
}

func saramaDelete(admin sarama.ClusterAdmin, a arguments) (any, error) {
	return nil, admin.DeleteTopic(a.word(0))
}

func saramaGroups(admin sarama.ClusterAdmin, _ arguments) (any, error) {
	groups, err := admin.ListConsumerGroups()
	return slices.Sorted(maps.Keys(groups)), err
}

func saramaGroup(admin sarama.ClusterAdmin, a arguments) (any, error) {
	groups, err := admin.DescribeConsumerGroups([]string{a.word(0)})
	if err != nil {
		return nil, err
	}
	if groups[0].Err != sarama.ErrNoError {
		return nil, groups[0].Err
	}
	found := description{State: groups[0].State, Protocol: groups[0].Protocol, Members: []memberDescription{}}
	for _, member := range groups[0].Members {
		assignment, err := member.GetMemberAssignment()
		if err != nil {
			return nil, err
		}
		partitions := []int32{}
		if assignment != nil {
			for _, ofTopic := range assignment.Topics {
				partitions = append(partitions, ofTopic...)
			}
		}
		instance := ""
		if member.GroupInstanceId != nil {
			instance = *member.GroupInstanceId
		}
		found.add(memberDescription{member.ClientHost, instance, partitions})
	}
	return found, nil
}

func saramaGroupOffsets(admin sarama.ClusterAdmin, a arguments) (any, error) {
	answer, err := admin.ListConsumerGroupOffsets(a.word(0), nil)
	if err != nil {
		return nil, err
	}
	topics, failure := answer.Blocks, answer.Err
	if len(answer.Groups) > 0 { // since version 8
		topics, failure = answer.Groups[0].Blocks, answer.Groups[0].Err
	}
	if failure != sarama.ErrNoError {
		return nil, failure
	}
	found := map[string]committed{}
	for _, partitions := range topics {
		for partition, block := range partitions {
			found[strconv.Itoa(int(partition))] = committed{block.Offset, block.Metadata}
		}
	}
	return found, nil
}

func saramaSetOffsets(admin sarama.ClusterAdmin, a arguments) (any, error) {
	places := map[int32]sarama.OffsetAndMetadata{}
	for partition, offset := range a.offsets() {
		places[partition] = sarama.OffsetAndMetadata{Offset: offset, LeaderEpoch: -1}
	}
	answer, err := admin.AlterConsumerGroupOffsets(a.word(0), map[string]map[int32]sarama.OffsetAndMetadata{a.word(1): places}, nil)
	if err != nil {
		return nil, err
	}
	for _, partitions := range answer.Errors {
		for _, failure := range partitions {
			if failure != sarama.ErrNoError {
				return nil, failure
			}
		}
	}
	return nil, nil
}

func saramaDeleteOffsets(admin sarama.ClusterAdmin, a arguments) (any, error) {
	return nil, admin.DeleteConsumerGroupOffset(a.word(0), a.word(1), int32(mustNumber(a.word(2))))
}

func saramaDeleteGroup(admin sarama.ClusterAdmin, a arguments) (any, error) {
	return nil, admin.DeleteConsumerGroup(a.word(0))
}

func saramaCluster(admin sarama.ClusterAdmin, _ arguments) (any, error) {
	brokers, controller, err := admin.DescribeCluster()
	ids := []int32{}
	for _, broker := range brokers {
		ids = append(ids, broker.ID())
	}
	return map[string]any{"brokers": ids, "controller": controller}, err
}
