package main

import (
	"context"
	"slices"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// access asks what one may do, as oneself and as somebody else, before and after a role is granted.
func access(ctx context.Context, s *session) error {
	mine, err := may(ctx, s, authorizationv1.ResourceAttributes{Namespace: s.namespace, Verb: "delete", Group: "apps", Resource: "deployments"})
	if err != nil {
		return err
	}
	fact("an administrator may delete deployments: %t", mine)

	config := rest.CopyConfig(s.config)
	config.Impersonate = rest.ImpersonationConfig{UserName: "jo", Groups: []string{"crew"}}
	jo, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	pods := authorizationv1.ResourceAttributes{Namespace: s.namespace, Verb: "list", Resource: "pods"}
	before, err := may(ctx, jo, pods)
	if err != nil {
		return err
	}
	_, err = jo.CoreV1().Pods(s.namespace).List(ctx, metav1.ListOptions{})
	fact("jo may list pods: %t, asks all the same: %v", before, err)

	if err := grant(ctx, s); err != nil {
		return err
	}
	after, err := may(ctx, jo, pods)
	if err != nil {
		return err
	}
	list, err := jo.CoreV1().Pods(s.namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	fact("with a role: %t, sees pods: %d", after, len(list.Items))
	_, err = jo.CoreV1().Secrets(s.namespace).Get(ctx, "any", metav1.GetOptions{})
	fact("but no secrets: %v", apierrors.ReasonForError(err))
	return reviews(ctx, s, jo)
}

func may(ctx context.Context, client kubernetes.Interface, what authorizationv1.ResourceAttributes) (bool, error) {
	review, err := client.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, &authorizationv1.SelfSubjectAccessReview{
		Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &what},
	}, metav1.CreateOptions{})
	if err != nil {
		return false, err
	}
	return review.Status.Allowed, nil
}

func grant(ctx context.Context, s *session) error {
	_, err := s.RbacV1().Roles(s.namespace).Create(ctx, &rbacv1.Role{ObjectMeta: named("lookout"), Rules: []rbacv1.PolicyRule{{
		Verbs: []string{"get", "list", "watch"}, APIGroups: []string{""}, Resources: []string{"pods"},
	}}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = s.RbacV1().RoleBindings(s.namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: named("lookout"),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "lookout"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "crew"}},
	}, metav1.CreateOptions{})
	return err
}

// reviews asks for others, and for all one's rules at once.
func reviews(ctx context.Context, s *session, jo kubernetes.Interface) error {
	review, err := s.AuthorizationV1().SubjectAccessReviews().Create(ctx, &authorizationv1.SubjectAccessReview{
		Spec: authorizationv1.SubjectAccessReviewSpec{User: "anybody", Groups: []string{"crew"}, ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: s.namespace, Verb: "watch", Resource: "pods",
		}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	rules, err := jo.AuthorizationV1().SelfSubjectRulesReviews().Create(ctx, &authorizationv1.SelfSubjectRulesReview{
		Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: s.namespace},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	granted := slices.ContainsFunc(rules.Status.ResourceRules, func(rule authorizationv1.ResourceRule) bool {
		return slices.Contains(rule.Resources, "pods") && slices.Equal(rule.Verbs, []string{"get", "list", "watch"})
	})
	fact("anybody of the crew may watch: %t, the rules tell so: %t", review.Status.Allowed, granted)
	return nil
}
