package main

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// causes are the reasons a Status carries for programs, each with its field.
func causes(err error) []string {
	var status apierrors.APIStatus
	told := []string{}
	if !errors.As(err, &status) || status.Status().Details == nil {
		return told
	}
	for _, cause := range status.Status().Details.Causes {
		told = append(told, fmt.Sprintf("%s %s", cause.Type, cause.Field))
	}
	return told
}

func ports(service *corev1.Service) []int32 {
	numbers := []int32{}
	for _, port := range service.Spec.Ports {
		numbers = append(numbers, port.Port)
	}
	return numbers
}
