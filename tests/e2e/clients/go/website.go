package main

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
)

// Website is the operator's own kind: an image, served so many times.
type Website struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              WebsiteSpec   `json:"spec"`
	Status            WebsiteStatus `json:"status,omitempty"`
}

type WebsiteSpec struct {
	Image    string `json:"image"`
	Replicas int32  `json:"replicas,omitempty"`
}

type WebsiteStatus struct {
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
}

type WebsiteList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata"`
	Items           []Website `json:"items"`
}

var websiteGroup = schema.GroupVersion{Group: "example.com", Version: "v1"}

func (w *Website) DeepCopyObject() runtime.Object {
	c := *w
	w.ObjectMeta.DeepCopyInto(&c.ObjectMeta)
	c.Status.Conditions = append([]metav1.Condition(nil), w.Status.Conditions...)
	return &c
}

func (l *WebsiteList) DeepCopyObject() runtime.Object {
	c := *l
	c.Items = make([]Website, len(l.Items))
	for i := range l.Items {
		c.Items[i] = *l.Items[i].DeepCopyObject().(*Website)
	}
	return &c
}

func addWebsite(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(websiteGroup, &Website{}, &WebsiteList{})
	metav1.AddToGroupVersion(scheme, websiteGroup)
	return nil
}

// websiteDefinition is what a code generator would make of the types above: defaults, checks, a status of its own.
func websiteDefinition() *apiextensionsv1.CustomResourceDefinition {
	type props = map[string]apiextensionsv1.JSONSchemaProps
	text := apiextensionsv1.JSONSchemaProps{Type: "string"}
	number := apiextensionsv1.JSONSchemaProps{Type: "integer", Format: "int64"}
	spec := apiextensionsv1.JSONSchemaProps{Type: "object", Required: []string{"image"}, Properties: props{
		"image": {Type: "string", MinLength: ptr.To[int64](1)},
		"replicas": {Type: "integer", Format: "int32", Minimum: ptr.To(0.0), Maximum: ptr.To(9.0),
			Default: &apiextensionsv1.JSON{Raw: []byte("2")}},
	}, XValidations: apiextensionsv1.ValidationRules{{
		Rule: "self.replicas >= oldSelf.replicas", Message: "a website never shrinks", Reason: ptr.To(apiextensionsv1.FieldValueForbidden), FieldPath: ".replicas",
	}}}
	condition := apiextensionsv1.JSONSchemaProps{Type: "object", Required: []string{"type", "status"}, Properties: props{
		"type": text, "status": text, "reason": text, "message": text, "observedGeneration": number,
		"lastTransitionTime": {Type: "string", Format: "date-time"},
	}}
	status := apiextensionsv1.JSONSchemaProps{Type: "object", Properties: props{
		"observedGeneration": number,
		"conditions": {Type: "array", XListType: ptr.To("map"), XListMapKeys: []string{"type"},
			Items: &apiextensionsv1.JSONSchemaPropsOrArray{Schema: &condition}},
	}}
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: named("websites.example.com"),
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: websiteGroup.Group, Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "websites", Singular: "website", Kind: "Website", ListKind: "WebsiteList", ShortNames: []string{"ws"}},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: websiteGroup.Version, Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", Required: []string{"spec"}, Properties: props{"spec": spec, "status": status},
				}},
				Subresources: &apiextensionsv1.CustomResourceSubresources{Status: &apiextensionsv1.CustomResourceSubresourceStatus{}},
			}},
		},
	}
}
