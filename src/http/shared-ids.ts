/** Names of the shared shapes in the OpenAPI document. */
export const sharedIds = { problem: 'Problem', treeNode: 'TreeNode', control: 'RoleControl' } as const
